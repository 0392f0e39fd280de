import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { SIGNED_FORMATS, type SignedFormat } from '../../src/apps/signed-hand-over.ts';
import type { FakeHelpDesk } from '../support/fake-help-desk.ts';
import { freePort } from '../support/free-port.ts';
import { siteRuleIs } from '../support/policies.ts';
import { openPortal, PASSWORD, type TestPortal } from '../support/portal.ts';
import { connects } from '../support/signed-apps.ts';
import { enrolsApp, newEmail } from '../support/victim.ts';
import { listensOn, type Site } from './journey/site.ts';
import { Visitor } from './journey/visitor.ts';
import { WITHOUT_SCRIPT } from './journey/ways.ts';
import type { People, Traveller } from './journey/whole-way.ts';
import { LYNX } from './text/lynx.ts';
import { TextBrowser } from './text/text-browser.ts';
import { launchChromium } from './viewer.ts';

let chromium: Promise<Browser> | undefined;

/** JavaScript off, the content security policy enforced. */
const IN_CHROMIUM: People<Visitor> = {
  where: 'In Chromium, without JavaScript,',
  async arrive(_site, address) {
    chromium ??= launchChromium();
    return Visitor.open(await chromium, WITHOUT_SCRIPT, address);
  },
  complaintsOf: ({ complaints }) => complaints,
  leave: async () => (await chromium)?.close(),
};

/** Two sites set cookies: it would ask about each of them. */
const IN_LYNX: People<TextBrowser> = {
  where: 'In Lynx,',
  arrive: (site, address) => {
    const command = (page: string) => `lynx -nopause -accept_all_cookies '${page}'`;
    return TextBrowser.open({ ...LYNX, command }, site, address);
  },
};

signsInToApps(IN_CHROMIUM);
signsInToApps(IN_LYNX);

function signsInToApps<One extends Traveller>(people: People<One>): void {
  describe(`${people.where} an app that takes signed hand-overs`, () => {
    let portal: TestPortal;
    let site: Site;
    let origin: string;
    const desks: FakeHelpDesk[] = [];

    before(async () => {
      const port = await freePort();
      origin = `http://localhost:${port}`;
      portal = await openPortal('database', { BASE_URL: origin });
      site = await listensOn(port, portal.app);
      await siteRuleIs(portal, { rule: 'optional' });
    });

    after(async () => {
      await people.leave?.();
      await Promise.all(desks.map((desk) => desk.close()));
      await site?.close();
      await portal?.close();
    });

    /** Pages of both sites, for browsers that are watched by what they have been sent. */
    const both = (desk: FakeHelpDesk): Site => ({
      pagesServed: () => site.pagesServed() + desk.pagesServed,
      close: async () => {},
    });

    async function connect(format: SignedFormat) {
      const connected = await connects(portal, format, {}, origin);
      desks.push(connected.desk);
      return connected;
    }

    for (const format of SIGNED_FORMATS) {
      it(`leads through the sign-in with 2FA and shows who is signed in (${format})`, async () => {
        const { app, desk } = await connect(format);
        const account = await portal.account(newEmail('ann'));
        const phone = await enrolsApp(portal, account);
        const ann = await people.arrive(both(desk), `${desk.origin}/requests?a=b&c=d`);
        try {
          await ann.shows(`Sign in to continue to “${app.name}”`);
          await ann.fillsIn('Email', account.email);
          await ann.fillsIn('Password', PASSWORD);
          await ann.presses('Sign in');
          await ann.shows('Enter the code from your app');
          portal.wait(30_000);
          await ann.fillsIn('Verification Code', phone.code(portal.now()));
          await ann.presses('Continue');
          if (format === 'zendesk') await ann.presses(`Continue to “${app.name}”`);
          await ann.shows('Signed in:');
          await ann.shows(account.email);
          await ann.visits(`${origin}/`);
          await ann.follows(app.name);
          if (format === 'zendesk') await ann.presses(`Continue to “${app.name}”`);
          await ann.shows(account.email);
          await ann.shows('Signed in:');
          assert.equal(desk.users.length, 2);
          assert.deepEqual(people.complaintsOf?.(ann) ?? [], []);
        } finally {
          await ann.close();
        }
      });
    }
  });
}
