import assert from 'node:assert/strict';
import express, { type ErrorRequestHandler } from 'express';
import request from 'supertest';
import { allowFormsTo, securityHeaders } from '../../src/web/security-headers.ts';

const APP = 'https://wiki.example.org';

const failed: ErrorRequestHandler = (_error, _request, response, _next) => {
  response.sendStatus(500);
};

async function policyOf(origin?: string): Promise<string> {
  const app = express();
  app.use(securityHeaders(true));
  app.get('/', (_request, response) => {
    if (origin !== undefined) allowFormsTo(response, origin);
    response.send('a page');
  });
  app.use(failed);
  const { headers, status } = await request(app).get('/');
  if (status !== 200) throw new Error(String(status));
  return headers['content-security-policy'] ?? '';
}

describe('The Content-Security-Policy', () => {
  it('allows forms to the site only', async () => {
    assert.match(await policyOf(), /(^|;)form-action 'self'(;|$)/);
  });

  it('allows the forms of one page to one other origin, and changes nothing else', async () => {
    const [own, widened] = [await policyOf(), await policyOf(APP)];
    assert.equal(widened.replace(` ${APP}`, ''), own);
    assert.match(widened, /(^|;)form-action 'self' https:\/\/wiki\.example\.org(;|$)/);
  });

  for (const origin of [
    `${APP}/path`,
    `${APP}; script-src *`,
    `${APP} *`,
    `${APP};script-src`,
    `${APP},script-src`,
    `${APP}'`,
    'https://*',
    'https://*.example.org',
    'javascript:alert(1)',
    'data:text/html,x',
    '*',
    '',
  ]) {
    it(`refuses "${origin}"`, async () => {
      await assert.rejects(policyOf(origin));
    });
  }
});
