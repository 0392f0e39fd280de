import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Locator, Page } from 'playwright-core';
import type { AuthenticatorApp } from '../support/authenticator-app.ts';
import { freePort } from '../support/free-port.ts';
import { codeIn } from '../support/mailbox.ts';
import { openPortal, PASSWORD, type TestPortal } from '../support/portal.ts';
import { nextStep } from '../support/steps.ts';
import { PATIENCE } from '../support/until.ts';
import { enrolsApp, newEmail } from '../support/victim.ts';
import { launchChromium } from './viewer.ts';

/** When the second click comes, in milliseconds, and what is held back then: responses to this method. */
const CLICKS = [
  { after: 100, held: 'POST', what: 'the answer' },
  { after: 400, held: 'POST', what: 'the answer' },
  { after: 800, held: 'GET', what: 'the next page' },
  { after: 1500, held: 'GET', what: 'the next page' },
] as const;

/** Holds responses back until the form has arrived a second time. */
interface Hold {
  readonly method: 'GET' | 'POST';
  readonly second: PromiseWithResolvers<void>;
  posts: number;
}

describe('In Chromium without JavaScript, a double click', () => {
  let portal: TestPortal;
  let browser: Browser;
  let server: Server;
  let origin: string;
  let hold: Hold | undefined;

  before(async () => {
    const port = await freePort();
    origin = `http://localhost:${port}`;
    portal = await openPortal('database', { BASE_URL: origin });
    server = createServer((request, response) => {
      const isAsset = request.url?.startsWith('/assets/') ?? false;
      if (hold && !isAsset) {
        if (request.method === hold.method) holdBack(response, hold.second.promise);
        if (request.method === 'POST' && ++hold.posts === 2) hold.second.resolve();
      }
      portal.app(request, response);
    }).listen(port, 'localhost');
    await once(server, 'listening');
    browser = await launchChromium();
  });

  after(async () => {
    await browser?.close();
    server?.close();
    server?.closeAllConnections();
    await portal?.close();
  });

  async function opens(path: string): Promise<Page> {
    const context = await browser.newContext({ javaScriptEnabled: false });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    await page.goto(`${origin}${path}`);
    return page;
  }

  async function signsIn(email: string, app?: AuthenticatorApp): Promise<Page> {
    const page = await opens('/sign-in');
    await page.getByLabel('Email', { exact: true }).fill(email);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    if (app) {
      await typesCode(page, app);
      await page.getByRole('button', { name: 'Continue', exact: true }).click();
    }
    await page.locator('details.menu').waitFor({ state: 'attached' });
    return page;
  }

  async function typesCode(page: Page, app: AuthenticatorApp): Promise<void> {
    nextStep(portal);
    await page.getByLabel('Verification Code', { exact: true }).fill(app.code(portal.now()));
  }

  for (const { after: pause, held, what } of CLICKS) {
    describe(`after ${pause} ms, while ${what} is in transit,`, () => {
      /** Clicks twice, and waits for the page that shows `next`, which the page before does not. */
      async function clicksTwice(page: Page, button: string, next: Locator): Promise<void> {
        const pressed = page.getByRole('button', { name: button, exact: true });
        await pressed.scrollIntoViewIfNeeded();
        const place = await pressed.boundingBox();
        assert.ok(place);
        const [x, y] = [place.x + place.width / 2, place.y + place.height / 2];
        const holding: Hold = { method: held, second: Promise.withResolvers(), posts: 0 };
        hold = holding;
        await page.mouse.click(x, y);
        await delay(pause);
        await page.mouse.click(x, y);
        await holding.second.promise;
        await next.waitFor();
        hold = undefined;
        assert.equal(holding.posts, 2, 'the form came twice');
        assert.equal(await page.locator('.error-summary').count(), 0);
      }

      it('on “Sign in” and on the code signs in', async () => {
        const email = newEmail('ann');
        const app = await enrolsApp(portal, await portal.account(email));
        const page = await opens('/sign-in');
        await page.getByLabel('Email', { exact: true }).fill(email);
        await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
        await clicksTwice(page, 'Sign in', heading(page, 'Enter the code from your app'));
        await typesCode(page, app);
        await clicksTwice(page, 'Continue', heading(page, 'Hello, Ann'));
        await page.goto(`${origin}/profile`);
        assert.equal(new URL(page.url()).pathname, '/profile');
        await page.context().close();
      });

      it('steps up', async () => {
        const email = newEmail('ann');
        await portal.account(email);
        const page = await signsIn(email);
        portal.wait(11 * 60_000);
        await page.goto(`${origin}/profile/email`);
        await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
        await clicksTwice(page, 'Continue', heading(page, 'Change your email address'));
        await page.context().close();
      });

      it('on “Send Verification Code” and “Submit Code and Create” creates the authenticator', async () => {
        const email = newEmail('ann');
        await portal.account(email);
        const page = await signsIn(email);
        await page.goto(`${origin}/profile/two-factor/set-up/email`);
        await page.getByLabel('Authenticator Name', { exact: true }).fill('Mail');
        const code = page.getByLabel('Verification Code', { exact: true });
        await clicksTwice(page, 'Send Verification Code', code);
        await code.fill(codeIn(await portal.mailbox.next(email)));
        assert.equal(portal.mailbox.sentTo(email).length, 1);
        await clicksTwice(page, 'Submit Code and Create', heading(page, 'Recovery codes'));
        assert.equal(await page.locator('.recovery-codes code').count(), 10);
        await page.context().close();
      });

      it('on the invitation invites one person', async () => {
        const [boss, invited] = [newEmail('boss'), newEmail('ivy')];
        await portal.account(boss, 'administrator');
        const page = await signsIn(boss);
        await page.goto(`${origin}/admin/people/invite`);
        await page.getByLabel('Name', { exact: true }).fill('Ivy');
        await page.getByLabel('Email', { exact: true }).fill(invited);
        await clicksTwice(page, 'Send invitation', heading(page, 'Ivy'));
        await portal.delivered();
        assert.equal(portal.mailbox.sentTo(invited).length, 1);
        await page.context().close();
      });
    });
  }
});

function heading(page: Page, name: string): Locator {
  return page.getByRole('heading', { level: 1, name });
}

/** Delays a whole response. */
function holdBack(response: ServerResponse, until: Promise<void>): void {
  const end = response.end.bind(response);
  response.end = ((...args: Parameters<typeof end>) => {
    void until.then(() => end(...args));
    return response;
  }) as typeof response.end;
}
