import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { freePort } from '../support/free-port.ts';
import { newClient } from '../support/oidc-apps.ts';
import { siteRuleIs } from '../support/policies.ts';
import { openPortal, PASSWORD, type TestPortal } from '../support/portal.ts';
import { newEmail } from '../support/victim.ts';
import { launchChromium } from './viewer.ts';

/** What the app was sent. */
interface Arrived {
  readonly method: string;
  readonly address: URL;
  readonly fields: URLSearchParams;
}

describe('The last form on the way to an OpenID Connect app, in Chromium without JavaScript', () => {
  let portal: TestPortal;
  let servers: readonly Server[];
  let browser: Browser;
  let site: string;
  let app: string;
  let arrived: Arrived[];

  before(async () => {
    const [port, appPort] = [await freePort(), await freePort()];
    [site, app] = [`http://localhost:${port}`, `http://localhost:${appPort}`];
    portal = await openPortal('database', { BASE_URL: site });
    await siteRuleIs(portal, { rule: 'off' });
    const callback = createServer((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => {
        body += part.toString();
      });
      request.on('end', () => {
        const { method = '', url = '' } = request;
        if (url !== '/favicon.ico')
          arrived.push({ method, address: new URL(url, app), fields: new URLSearchParams(body) });
        response.setHeader('Content-Type', 'text/html');
        response.end('<title>The app</title><h1>The app</h1>');
      });
    });
    servers = [createServer(portal.app).listen(port, '127.0.0.1'), callback.listen(appPort, '127.0.0.1')];
    await Promise.all(
      servers.filter(({ listening }) => !listening).map((server) => once(server, 'listening')),
    );
    browser = await launchChromium();
  });
  beforeEach(() => {
    arrived = [];
  });
  after(async () => {
    await browser?.close();
    for (const server of servers ?? []) {
      server.closeAllConnections();
      server.close();
    }
    await portal?.close();
  });

  async function client(changes: Parameters<typeof newClient>[1] = {}) {
    return newClient(portal, {
      ...{ origin: app, redirectUris: [`${app}/callback`], postLogoutUris: [`${app}/bye`] },
      ...{ asksConsent: true, ...changes },
    });
  }

  /** Somebody who follows the app's link and gives the password on the way. */
  async function signsIn(id: string, parameters: Readonly<Record<string, string>> = {}): Promise<Page> {
    const { email } = await portal.account(newEmail('ann'));
    const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
    const request = {
      ...{ client_id: id, redirect_uri: `${app}/callback`, response_type: 'code', scope: 'openid email' },
      ...{ code_challenge: 'c'.repeat(43), code_challenge_method: 'S256', state: 's', ...parameters },
    };
    await page.goto(`${site}/oidc/authorize?${new URLSearchParams(request)}`);
    await page.getByLabel('Email').fill(email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    return page;
  }

  it('leads on to the app from the password, where nothing else is asked', async () => {
    const page = await signsIn((await client({ asksConsent: false })).id);
    await page.waitForURL(`${app}/**`);
    assert.deepEqual(
      arrived.map(({ method, address }) => [method, address.pathname, address.searchParams.has('code')]),
      [['GET', '/callback', true]],
    );
  });

  it('leads on to the app from the consent, and from the refusal', async () => {
    const { id, name } = await client();
    const page = await signsIn(id);
    await page.getByRole('button', { name: `Continue to “${name}”` }).click();
    await page.waitForURL(`${app}/**`);
    const other = await signsIn(id);
    await other.getByRole('button', { name: 'Do not continue' }).click();
    await other.waitForURL(`${app}/**`);
    assert.deepEqual(
      arrived.map(({ address: { searchParams } }) => [searchParams.has('code'), searchParams.get('error')]),
      [
        [true, null],
        [false, 'access_denied'],
      ],
    );
  });

  it('is sent to the app by the person, where the app wants a form', async () => {
    const { id, name } = await client({ asksConsent: false, mayFormPost: true });
    const page = await signsIn(id, { response_mode: 'form_post' });
    await page.getByRole('button', { name: `Continue to “${name}”` }).click();
    await page.waitForURL(`${app}/**`);
    const [form] = arrived;
    assert.equal(form?.method, 'POST');
    assert.equal(form.fields.get('state'), 's');
    assert.deepEqual([...form.fields.keys()].sort(), ['code', 'iss', 'state']);
  });

  it('leads back to the app after a sign-out that the app has asked for', async () => {
    const { id } = await client({ asksConsent: false });
    const page = await signsIn(id);
    await page.waitForURL(`${app}/**`);
    const asked = { client_id: id, post_logout_redirect_uri: `${app}/bye`, state: 't' };
    await page.goto(`${site}/oidc/logout?${new URLSearchParams(asked)}`);
    await page.getByRole('button', { name: 'Sign out now' }).click();
    await page.waitForURL(`${app}/bye?state=t`);
  });

  it('would be blocked by this browser without the app’s origin in form-action', async () => {
    const { id, name } = await client();
    const page = await signsIn(id);
    await page.route(`${site}/apps/authorize?*`, async (route) => {
      const response = await route.fetch();
      const headers = response.headers();
      const policy = headers['content-security-policy'] ?? '';
      await route.fulfill({
        response,
        headers: { ...headers, 'content-security-policy': policy.replace(` ${app}`, '') },
      });
    });
    await page.reload();
    const blocked = page.waitForEvent('console', (message) => message.text().includes('form-action'));
    await page.getByRole('button', { name: `Continue to “${name}”` }).click({ noWaitAfter: true });
    await blocked;
    assert.deepEqual(arrived, []);
  });
});
