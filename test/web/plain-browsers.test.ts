import assert from 'node:assert/strict';
import express, { type Express, type Request } from 'express';
import request from 'supertest';
import { DeviceCookie } from '../../src/web/device-cookie.ts';
import { pageFor, plainBrowserSupport } from '../../src/web/plain-browsers.ts';
import { redirectTo } from '../../src/web/redirects.ts';
import { TrustCookie } from '../../src/web/trust-cookie.ts';

const LYNX = 'Lynx/2.9.2 libwww-FM/2.14 SSL-MM/1.4.1 GNUTLS/3.8.9';
const W3M = 'w3m/0.5.3+git20230121';
const LINKS = 'Links (2.30; Linux 6.1 x86_64; GNU C)';
/** Another browser that has the names of two of them in its User-Agent. */
const OTHERS = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0',
  'ELinks/0.18.0',
  'NotLynx/1 w3m/1',
  '',
];

const PAGE = [
  '<a href="/profile">Profile</a>',
  '<a class="button" href="/people?page=2&amp;fresh=earlier01#list">Next</a>',
  '<a href="#main">Skip</a>',
  '<a href="https://elsewhere.example/">Elsewhere</a>',
  '<link rel="stylesheet" href="/assets/style.css">',
  '<form method="get" action="/people"><button type="submit">Search</button></form>',
  '<form method="post" action="/sign-in">\n<button type="submit" class="button danger">End <bdi>it</bdi></button></form>',
].join('\n');

describe('A text browser', () => {
  describe('Lynx', () => {
    it('is told not to cache in a way that it knows, and gets cookies without the attribute that it takes for a cookie', async () => {
      const { headers } = await request(site()).get('/cookies').set('User-Agent', LYNX);
      assert.equal(headers['cache-control'], 'no-store, no-cache');
      const expires = 'Expires=Tue, 01 Jan 2030 00:00:00 GMT';
      assert.deepEqual(headers['set-cookie'], [
        `__Host-postern-trust=one; Path=/; ${expires}; HttpOnly; Secure`,
        `postern-device=two; Path=/; ${expires}; HttpOnly`,
      ]);
    });
  });

  for (const [name, userAgent] of Object.entries({ Lynx: LYNX, w3m: W3M })) {
    describe(name, () => {
      it("is redirected from a form to the form's own address by a new URL", async () => {
        const { headers } = await request(site()).post('/form').set('User-Agent', userAgent);
        assert.equal(headers['location'], '/form?fresh=12345678');
      });

      it('is redirected everywhere else like others', async () => {
        assert.equal(
          (await request(site()).get('/form').set('User-Agent', userAgent)).headers['location'],
          '/form',
        );
        const { headers } = await request(site()).post('/away').set('User-Agent', userAgent);
        assert.equal(headers['location'], 'https://elsewhere.example/');
      });
    });
  }

  describe('Links', () => {
    it('never gets the same address twice: in a redirect, a link or a search', async () => {
      const { headers } = await request(site()).get('/form').set('User-Agent', LINKS);
      assert.equal(headers['location'], '/form?fresh=12345678');
      const page = pageOf(LINKS);
      assert.match(page, /<a href="\/profile\?fresh=12345678">/);
      assert.match(page, /<a class="button" href="\/people\?page=2&amp;fresh=12345678#list">/);
      assert.match(page, /action="\/people"><input type="hidden" name="fresh" value="12345678">/);
    });

    it('keeps links within the page, to other sites and to files', () => {
      const page = pageOf(LINKS);
      for (const kept of ['"#main"', '"https://elsewhere.example/"', '"/assets/style.css"', '"/sign-in">\n'])
        assert.ok(page.includes(kept), kept);
    });

    it('is redirected to another site like others', async () => {
      const { headers } = await request(site()).post('/away').set('User-Agent', LINKS);
      assert.equal(headers['location'], 'https://elsewhere.example/');
    });
  });

  for (const [name, userAgent] of Object.entries({ w3m: W3M, Links: LINKS })) {
    it(`shows brackets around a button if it is ${name}`, () => {
      assert.match(pageOf(userAgent), />\[Search\]<\/button>/);
      assert.match(pageOf(userAgent), />\[End <bdi>it<\/bdi>\]<\/button>/);
    });
  }

  for (const userAgent of OTHERS) {
    it(`gets the normal page if its name is ${JSON.stringify(userAgent)}`, async () => {
      assert.equal(pageOf(userAgent), PAGE);
      const { headers } = await request(site()).get('/cookies').set('User-Agent', userAgent);
      assert.equal(headers['cache-control'], 'no-store');
      for (const cookie of headers['set-cookie'] ?? []) assert.match(cookie, /SameSite=Lax/);
      assert.equal(headers['set-cookie']?.length, 2);
      const posted = await request(site()).post('/form').set('User-Agent', userAgent);
      assert.equal(posted.headers['location'], '/form');
    });
  }
});

function site(): Express {
  const app = express();
  app.use((asked, response, next) => {
    asked.requestId = '1234567890';
    response.set('Cache-Control', 'no-store');
    next();
  });
  app.use(plainBrowserSupport());
  app.get('/cookies', (_request, response) => {
    new TrustCookie(true).set(response, 'one', Date.UTC(2030, 0, 1));
    new DeviceCookie(false).set(response, 'two', Date.UTC(2030, 0, 1));
    response.end();
  });
  app.all('/form', (_request, response) => redirectTo(response, '/form'));
  app.all('/away', (_request, response) => redirectTo(response, 'https://elsewhere.example/'));
  return app;
}

function pageOf(userAgent: string): string {
  const asked = { requestId: '1234567890', get: () => userAgent };
  return pageFor(asked as unknown as Request, PAGE);
}
