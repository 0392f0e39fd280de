import assert from 'node:assert/strict';
import express from 'express';
import request from 'supertest';
import { absoluteRedirects } from '../../src/web/absolute-redirects.ts';

const BASE_URL = 'https://help.example.org:8443';

describe('a redirect', () => {
  const app = express();
  app.use(absoluteRedirects(BASE_URL));
  app.get('/away', (_request, response) => response.redirect(303, 'https://elsewhere.example/'));
  app.get('/{*rest}', (_request, response) => response.redirect(303, '/sign-in?return-to=%2Fprofile'));

  it('is absolute for who came by the public origin', async () => {
    const { headers } = await request(app).get('/profile').set('Host', 'help.example.org:8443');
    assert.equal(headers['location'], `${BASE_URL}/sign-in?return-to=%2Fprofile`);
  });

  for (const host of ['192.0.2.7:3000', 'evil.example', 'help.example.org']) {
    it(`stays relative for who came by ${host}`, async () => {
      const { headers } = await request(app).get('/profile').set('Host', host);
      assert.equal(headers['location'], '/sign-in?return-to=%2Fprofile');
    });
  }

  it('to another site stays as it is', async () => {
    const { headers } = await request(app).get('/away').set('Host', 'help.example.org:8443');
    assert.equal(headers['location'], 'https://elsewhere.example/');
  });
});
