import assert from 'node:assert/strict';
import { BadInput } from '../support/bad-input.ts';
import type { Fields } from '../support/controls.ts';
import { linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { groupWith, siteRuleIs } from '../support/policies.ts';
import { OPERATOR, onBothStores, PASSWORD } from '../support/portal.ts';
import { knocksOn } from '../support/router.ts';
import { signsIn } from '../support/steps.ts';
import {
  enrolsEmail,
  idsOf,
  mailedCode,
  newEmail,
  signsInFully,
  thiefOf,
  victimOf,
  victimWithCodes,
} from '../support/victim.ts';

onBothStores('Every form', (portal) => {
  let input: BadInput;

  before(() => {
    input = new BadInput(portal());
  });

  it('takes nothing bad, nor more than it asks for: that of the set-up', async () => {
    const token = await portal().services.registration.setupToken();
    await input.tries(new Person(portal().app), `/setup?token=${token}`);
  });

  it('… those for strangers', async () => {
    const { settings, registration, credentials, resetRequests } = portal().services;
    await settings.change({ signUp: true });
    const [ivy, ann, sue] = [newEmail('ivy'), newEmail('ann'), newEmail('sue')];
    await registration.invite({ email: ivy, name: 'Ivy' }, 'member', OPERATOR);
    await portal().account(ann);
    await credentials.requestReset(ann, OPERATOR.origin);
    await registration.signUp({ email: sue, name: 'Sue' }, 'en');
    const lost = await portal().account(newEmail('lost'));
    await resetRequests.ask(lost, { happened: 'Lost', contact: 'Desk' }, OPERATOR);
    const stranger = new Person(portal().app);
    for (const email of [ivy, ann, sue, lost.email]) {
      await input.tries(stranger, linkIn(await portal().mailbox.next(email)));
    }
    for (const path of ['/forgotten-password', '/sign-up', '/sign-in']) await input.tries(stranger, path);
  });

  it('… those of the second step', async () => {
    const vera = await victimWithCodes(portal());
    await enrolsEmail(portal(), vera.account);
    const half = await thiefOf(portal(), vera);
    for (const path of ['', '/recovery', '/lost-access', '/other']) {
      await input.tries(half, `/sign-in/code${path}`);
    }
    const mailed = await portal().account(newEmail('mia'));
    await enrolsEmail(portal(), mailed);
    await input.tries(await signsIn(portal(), mailed.email), '/sign-in/code');
  });

  it('… those of the first set-up', async () => {
    await siteRuleIs(portal(), { rule: 'mandatory', grace: { kind: 'days', days: 3 } });
    const waiting = await portal().account(newEmail('ann'));
    await input.tries(await signsIn(portal(), waiting.email), '/sign-in/set-up');
    await siteRuleIs(portal(), { rule: 'mandatory' });
    const { email } = await portal().account(newEmail('ann'));
    const half = await signsIn(portal(), email);
    await input.tries(half, '/sign-in/set-up/app');
    await input.tries(half, '/sign-in/set-up/email');
    await input.tries(half, '/sign-in/set-up/email');
  });

  it('… those of the step-up', async () => {
    await siteRuleIs(portal(), { rule: 'optional' });
    const vera = await victimWithCodes(portal());
    await enrolsEmail(portal(), vera.account);
    const open = await signsInFully(portal(), vera);
    portal().wait(10 * 60_000);
    await input.tries(open, '/step-up');
    for (const path of ['', '/recovery', '/other']) await input.tries(open, `/step-up/code${path}`);
    const mailed = await portal().account(newEmail('mia'));
    await enrolsEmail(portal(), mailed);
    const mia = await signsIn(portal(), mailed.email);
    mia.fillsIn('Verification Code', await mailedCode(portal(), mailed.email));
    await mia.presses('Continue');
    portal().wait(10 * 60_000);
    await mia.visits('/profile/password');
    mia.fillsIn('Password', PASSWORD);
    await mia.presses('Continue');
    await input.tries(mia, '/step-up/code');
  });

  it('… those of the profile', async () => {
    const vera = await victimOf(portal());
    const ids = await idsOf(portal(), vera);
    const open = await signsInFully(portal(), vera);
    await input.tries(open, '/profile/sign-ins');
    await input.tries(open, '/profile/two-factor/recovery-codes');
    await open.visits('/profile/two-factor/recovery-codes');
    await open.presses('Create recovery codes');
    await input.tries(open, '/profile/two-factor/recovery-codes');
    const pages = knocksOn(portal().app, ids, (pattern) => pattern.startsWith('/profile'));
    for (const { method, address } of pages) if (method === 'GET') await input.tries(open, address);
    const { email } = await portal().account(newEmail('ann'));
    const ann = await signsIn(portal(), email);
    for (let step = 0; step < 2; step += 1) await input.tries(ann, '/profile/two-factor/set-up/email');
  });

  it('… those of the administration', async () => {
    const { settings } = portal().services;
    await settings.change({ resets: { secondApproval: true, waitingHours: 0 } });
    const vera = await victimOf(portal(), { role: 'administrator' });
    const open = await signsInFully(portal(), vera);
    const other = await victimOf(portal());
    const ids = [other.account.id, ...(await idsOf(portal(), await victimOf(portal())))];
    const pages = knocksOn(portal().app, ids, (pattern) => pattern.startsWith('/admin'));
    for (const { method, address } of pages) {
      if (method === 'GET' && !address.includes('export')) await input.tries(open, address);
    }
    // Those that ask once more are there once there is something to ask about.
    const mia = await portal().account(newEmail('mia'));
    await enrolsEmail(portal(), mia);
    const rule = { rule: 'mandatory', 'method-app': 'on', grace: 'none' };
    await asksOnceMore(open, '/admin/policy', { ...rule, siteName: 'Site' });
    await siteRuleIs(portal(), { rule: 'off' });
    const group = await groupWith(portal(), { rule: 'optional' }, [mia]);
    await asksOnceMore(open, `/admin/groups/${group.id}/edit`, { ...rule, name: group.name });
    const [asking, bob] = [
      await groupWith(portal(), { rule: 'mandatory' }),
      await portal().account(newEmail('bob')),
    ];
    await asksOnceMore(open, `/admin/groups/${asking.id}/members`, { email: bob.email });
    const cyd = await portal().account(newEmail('cyd'));
    await asksOnceMore(open, `/admin/people/${cyd.id}/groups`, { [`group-${asking.id}`]: 'on' });
    await input.tries(open, `/admin/groups/${group.id}/members/${mia.id}/remove`);
  });

  /** Sends what asks people to enrol, or leaves them without, and tries the page that asks whether it is meant. */
  async function asksOnceMore(person: Person, address: string, fields: Fields): Promise<void> {
    await person.visits('/admin/policy');
    const { status, headers } = await person.submitsRaw('POST', address, fields);
    assert.equal(status, 303, address);
    assert.match(headers['location'] ?? '', /\/confirm$/, address);
    await input.tries(person, headers['location'] ?? '');
  }

  it('… and there is no other form', () => {
    assert.deepEqual(input.notMet, []);
  });
});
