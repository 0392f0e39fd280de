import assert from 'node:assert/strict';
import express from 'express';
import request from 'supertest';
import { redirectFrom, redirectTo } from '../../src/web/redirects.ts';

const BASE_URL = 'https://help.example.org:8443';

describe('a redirect', () => {
  const app = express();
  redirectFrom(app, BASE_URL);
  app.get('/away', (_request, response) => redirectTo(response, 'https://elsewhere.example/'));
  app.get('/moved', (_request, response) => redirectTo(response, '/there', 308));
  app.get('/{*rest}', (_request, response) => redirectTo(response, '/sign-in?return-to=%2Fprofile'));

  it('is absolute for requests at the public origin', async () => {
    const { headers } = await request(app).get('/profile').set('Host', 'help.example.org:8443');
    assert.equal(headers['location'], `${BASE_URL}/sign-in?return-to=%2Fprofile`);
  });

  for (const host of ['192.0.2.7:3000', 'evil.example', 'help.example.org']) {
    it(`stays relative for requests at ${host}`, async () => {
      const { headers } = await request(app).get('/profile').set('Host', host);
      assert.equal(headers['location'], '/sign-in?return-to=%2Fprofile');
    });
  }

  it('is a 303, and a 308 if the address has moved', async () => {
    assert.equal((await request(app).get('/profile')).status, 303);
    assert.equal((await request(app).get('/moved')).status, 308);
  });

  it('to another site stays as it is', async () => {
    const { headers } = await request(app).get('/away').set('Host', 'help.example.org:8443');
    assert.equal(headers['location'], 'https://elsewhere.example/');
  });
});
