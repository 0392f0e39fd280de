import assert from 'node:assert/strict';
import type { HostApp, SignedApp } from '../../src/apps/app.ts';
import { appWith } from './app-host.ts';
import type { Fields } from './controls.ts';
import { linkIn } from './mailbox.ts';
import { newClient } from './oidc-apps.ts';
import { Person } from './person.ts';
import { groupWith, siteRuleIs } from './policies.ts';
import { OPERATOR, PASSWORD, type TestPortal } from './portal.ts';
import { quickAccount } from './quick-account.ts';
import { knocksOn } from './router.ts';
import { signsIn } from './steps.ts';
import {
  enrolsEmail,
  idsOf,
  mailedCode,
  newEmail,
  signsInFully,
  thiefOf,
  victimOf,
  victimWithCodes,
} from './victim.ts';

const OPEN_TO_ALL = {
  audience: 'everybody',
  proof: 'none',
  freshMinutes: null,
  confirmsEmail: true,
} as const;

/** Work for every form of a page. */
export interface Trial {
  tries(person: Person, address: string): Promise<void>;
  /** The POST pages of the router without a form that was met. */
  readonly notMet: readonly string[];
}

/** One test for each part of the site: opens each of its pages with a form, as a person who may. */
export function triesEveryForm(what: string, portal: () => TestPortal, trial: () => Trial): void {
  it(`${what}: the form of the set-up`, async () => {
    const token = await portal().services.registration.setupToken();
    await trial().tries(new Person(portal().app), `/setup?token=${token}`);
  });

  it('… those for strangers', async () => {
    const { settings, registration, credentials, resetRequests } = portal().services;
    await settings.change({ signUp: true });
    const [ivy, ann, sue] = [newEmail('ivy'), newEmail('ann'), newEmail('sue')];
    await registration.invite({ email: ivy, name: 'Ivy' }, 'member', OPERATOR);
    await portal().account(ann);
    await credentials.requestReset(ann, OPERATOR.origin);
    await registration.signUp({ email: sue, name: 'Sue' }, OPERATOR.origin);
    const lost = await portal().account(newEmail('lost'));
    await resetRequests.ask(lost, { happened: 'Lost', contact: 'Desk' }, OPERATOR);
    const stranger = new Person(portal().app);
    for (const email of [ivy, ann, sue, lost.email]) {
      await trial().tries(stranger, linkIn(await portal().mailbox.next(email)));
    }
    for (const path of ['/forgotten-password', '/sign-up', '/sign-in']) await trial().tries(stranger, path);
  });

  it('… those of the second step', async () => {
    const vera = await victimWithCodes(portal());
    await enrolsEmail(portal(), vera.account);
    const half = await thiefOf(portal(), vera);
    for (const path of ['', '/recovery', '/lost-access', '/other']) {
      await trial().tries(half, `/sign-in/code${path}`);
    }
    const mailed = await portal().account(newEmail('mia'));
    await enrolsEmail(portal(), mailed);
    await trial().tries(await signsIn(portal(), mailed.email), '/sign-in/code');
  });

  it('… those of the first set-up', async () => {
    await siteRuleIs(portal(), { rule: 'mandatory', grace: { kind: 'days', days: 3 } });
    const waiting = await portal().account(newEmail('ann'));
    await trial().tries(await signsIn(portal(), waiting.email), '/sign-in/set-up');
    await siteRuleIs(portal(), { rule: 'mandatory' });
    const { email } = await portal().account(newEmail('ann'));
    const half = await signsIn(portal(), email);
    await trial().tries(half, '/sign-in/set-up/app');
    await trial().tries(half, '/sign-in/set-up/email');
    await trial().tries(half, '/sign-in/set-up/email');
  });

  it('… those of the step-up', async () => {
    await siteRuleIs(portal(), { rule: 'optional' });
    const vera = await victimWithCodes(portal());
    await enrolsEmail(portal(), vera.account);
    const open = await signsInFully(portal(), vera);
    portal().wait(10 * 60_000);
    await trial().tries(open, '/step-up');
    for (const path of ['', '/recovery', '/other']) await trial().tries(open, `/step-up/code${path}`);
    const mailed = await portal().account(newEmail('mia'));
    await enrolsEmail(portal(), mailed);
    const mia = await signsIn(portal(), mailed.email);
    mia.fillsIn('Verification Code', await mailedCode(portal(), mailed.email));
    await mia.presses('Continue');
    portal().wait(10 * 60_000);
    await mia.visits('/profile/password');
    mia.fillsIn('Password', PASSWORD);
    await mia.presses('Continue');
    await trial().tries(mia, '/step-up/code');
  });

  it('… those of the profile', async () => {
    const vera = await victimOf(portal());
    const ids = await idsOf(portal(), vera);
    const open = await signsInFully(portal(), vera);
    await trial().tries(open, '/profile/sign-ins');
    await trial().tries(open, '/profile/two-factor/recovery-codes');
    await open.visits('/profile/two-factor/recovery-codes');
    if (open.page.buttons.includes('Create recovery codes')) await open.presses('Create recovery codes');
    await trial().tries(open, '/profile/two-factor/recovery-codes');
    const pages = knocksOn(portal().app, ids, (pattern) => pattern.startsWith('/profile'));
    for (const { method, address } of pages) if (method === 'GET') await trial().tries(open, address);
    const { email } = await portal().account(newEmail('ann'));
    const ann = await signsIn(portal(), email);
    for (let step = 0; step < 2; step += 1) await trial().tries(ann, '/profile/two-factor/set-up/email');
  });

  it('… those on the path to an app', async () => {
    await siteRuleIs(portal(), { rule: 'optional' });
    const addressOf = ({ host }: HostApp) => `/apps/open?host=${host}&nonce=${'n'.repeat(43)}&path=/`;
    const ann = await signsIn(portal(), (await portal().account(newEmail('ann'))).email);
    await trial().tries(ann, addressOf(await appWith(portal(), { proof: 'second step' })));
    await ann.visits(addressOf(await appWith(portal(), { confirmsEmail: true })));
    await ann.presses('Send Verification Code');
    await trial().tries(ann, ann.page.path);
  });

  for (const [part, isIn] of [
    ['people', (pattern: string) => pattern.startsWith('/admin/people')],
    ['groups', (pattern: string) => pattern.startsWith('/admin/groups')],
    ['all else', (pattern: string) => !/^\/admin\/(people|groups)/.test(pattern)],
  ] as const) {
    it(`… those of the administration: ${part}`, async () => {
      await portal().services.settings.change({ resets: { secondApproval: true, waitingHours: 0 } });
      const open = await administrator();
      const other = await victimOf(portal());
      const ids = [other.account.id, ...(await idsOf(portal(), await victimOf(portal())))];
      const pages = knocksOn(portal().app, ids, (pattern) => pattern.startsWith('/admin') && isIn(pattern));
      for (const { method, address } of pages) {
        if (method === 'GET' && !address.includes('export')) await trial().tries(open, address);
      }
    });
  }

  it('… those of the administration: apps', async () => {
    const open = await administrator();
    // Nothing listens there: the check is answered at once.
    const { id } = await appWith(portal(), { origin: 'http://127.0.0.1:1' });
    for (const page of ['', '/edit/host', '/remove']) await trial().tries(open, `/admin/apps/${id}${page}`);
    const client = await newClient(portal());
    const path = `/admin/apps/${client.id}`;
    await portal().services.appSecrets.rotate(client, OPERATOR);
    for (const page of ['/edit/oidc', '/secret/end', '/secret']) await trial().tries(open, `${path}${page}`);
    await open.visits(`${path}/secret`);
    await open.presses('Make a new secret');
    await trial().tries(open, `${path}/connect`);
    const origin = 'https://tickets.example.net';
    const input = { ...OPEN_TO_ALL, kind: 'signed', name: 'Tickets', origin } as const;
    const signed: SignedApp['signed'] = {
      ...{ format: 'zendesk', destination: `${origin}/access/jwt`, toldGroups: [], startUrl: null },
    };
    const created = await portal().services.apps.create({ ...input, signed }, OPERATOR);
    assert.ok(created.kind === 'created');
    await trial().tries(open, `/admin/apps/${created.app.id}/edit/signed`);
  });

  // Confirmation pages exist once there is something to confirm.
  it('… the confirmations of administrators', async () => {
    const open = await administrator();
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
    await trial().tries(open, `/admin/groups/${group.id}/members/${mia.id}/remove`);
    const eve = await portal().account(newEmail('eve'));
    await asksOnceMore(open, `/admin/people/${eve.id}/enforce-2fa`, { grace: 'none' });
  });

  it('… those about weaker rules for resets, which wait for another administrator', async () => {
    const { settings } = portal().services;
    const open = await administrator();
    const { id: askerId, email: label } = await portal().account(newEmail('adam'), 'administrator');
    const at = portal().now();
    const easier = { secondApproval: false, waitingHours: 0 };
    const strict = { secondApproval: true, waitingHours: 0 };
    // One change to decide, and after it one to confirm and one to cancel.
    for (const [id, resets] of [
      ['change', easier],
      ['first', strict],
      ['second', strict],
    ] as const) {
      const pendingResets = { id, resets, askedAt: at, confirmableFrom: at, askedBy: { id: askerId, label } };
      await settings.change({ resets: strict, pendingResets });
      await trial().tries(open, '/admin/policy/approval');
    }
    await settings.change({ pendingResets: null });
  });

  it('… those for people in one particular state, and a reset without an approval', async () => {
    const open = await administrator();
    const { administration, authenticators, settings } = portal().services;
    const [invited, disabled, locked] = [
      await quickAccount(portal(), { email: newEmail('ivy'), name: 'Ivy', hasPassword: false }),
      await portal().account(newEmail('dan')),
      (await victimOf(portal())).account,
    ];
    await administration.disable(disabled, OPERATOR);
    for (const { id } of await authenticators.of(locked.id)) await authenticators.block(id, portal().now());
    const colleague = await portal().account(newEmail('ada'), 'administrator');
    await settings.change({ resets: { secondApproval: false, waitingHours: 0 } });
    const pages = [
      [invited, 'send-invitation'],
      [disabled, 'enable'],
      [locked, 'free-authenticators'],
      [locked, 'reset-2fa'],
      [colleague, 'remove-administrator'],
    ] as const;
    for (const [{ id }, action] of pages) await trial().tries(open, `/admin/people/${id}/${action}`);
    await settings.change({ resets: { secondApproval: true, waitingHours: 0 } });
  });

  async function administrator(): Promise<Person> {
    return signsInFully(portal(), await victimOf(portal(), { role: 'administrator' }));
  }

  /** Sends changes that ask people to enrol, or leave them without a method, and tries the confirmation page. */
  async function asksOnceMore(person: Person, address: string, fields: Fields): Promise<void> {
    await person.visits('/admin/policy');
    const { status, headers } = await person.submitsRaw('POST', address, fields);
    assert.equal(status, 303, address);
    assert.match(headers['location'] ?? '', /\/confirm$/, address);
    await trial().tries(person, headers['location'] ?? '');
  }

  it('… those of an OpenID Connect app: its question, its end, and its sign-out', async () => {
    await siteRuleIs(portal(), { rule: 'off' });
    const account = await portal().account(newEmail('ann'));
    const ann = await signsIn(portal(), account.email);
    const app = await newClient(portal(), { asksConsent: true, requiresPkce: false });
    const { id } = app;
    const [callback = ''] = app.client.redirectUris;
    const asked = { client_id: id, redirect_uri: callback, response_type: 'code', scope: 'openid email' };
    await trial().tries(ann, `/oidc/authorize?${new URLSearchParams(asked)}`);
    await portal().services.consents.give(account, app, ['openid'], OPERATOR);
    await trial().tries(ann, `/profile/apps/${id}/take-back`);
    await trial().tries(ann, `/oidc/logout?client_id=${id}`);
  });

  it('… and there is no other form', () => {
    assert.deepEqual(trial().notMet, []);
  });
}
