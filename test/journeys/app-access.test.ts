import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import type { App, HostApp } from '../../src/apps/app.ts';
import { party } from '../../src/audit/audit.ts';
import { hashToken } from '../../src/kernel/identifiers.ts';
import { newApp } from '../support/guarded-apps.ts';
import { newClient } from '../support/oidc-apps.ts';
import { Person } from '../support/person.ts';
import { OPERATOR, onPortal } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import { newEmail } from '../support/victim.ts';

onPortal('Apps with access', (portal) => {
  const newAccount = () => portal().account(newEmail('ann'));
  const gives = (account: Account, app: App, ...scopes: readonly string[]) =>
    consents().give(account, app, scopes, { ...OPERATOR, party: party(account) });
  const consents = () => portal().services.consents;
  /** Signs the account in to the app, as the app's host does. */
  async function uses(account: Account, { id, host }: HostApp): Promise<void> {
    const { handOvers, signIns } = portal().services;
    const signInId = await signIns.begin(account, OPERATOR.origin, []);
    const bound = { signInId, accountId: account.id, nonceHash: hashToken('nonce'), path: '/' };
    const code = await handOvers.issue({ app: { id }, ...bound });
    await handOvers.redeem({ code, host, nonces: ['nonce'] }, OPERATOR.origin);
  }

  it('are found from the profile, and empty at first', async () => {
    const ann = await signsIn(portal(), (await newAccount()).email);
    await ann.visits('/profile');
    await ann.follow('Apps with access');
    assert.equal(ann.page.heading, 'Apps with access');
    assert.match(ann.page.text, /You have not used any app yet\./);
  });

  it('show what each app is told, since when, and whether it asked', async () => {
    const account = await newAccount();
    const wiki = await newApp(portal(), { name: 'Own wiki', origin: 'https://own-wiki.example.net' });
    const partner = await newClient(portal(), { name: 'Partner & <b>', asksConsent: true, mayRefresh: true });
    await gives(account, partner, 'openid', 'email', 'offline_access');
    await uses(account, wiki);
    const ann = await signsIn(portal(), account.email);
    await ann.visits('/profile/apps');
    assert.match(ann.page.text, /Partner & <b>/);
    assert.match(
      ann.page.text,
      /The id of your account\s+Your email address\s+Allowed since[\s\S]*It can renew your sign-in/,
    );
    const [own = '', asking = ''] = ann.page
      .$('li.card')
      .toArray()
      .map((card) => ann.page.$(card).text());
    assert.match(own, /Own wiki[\s\S]*does not ask you[\s\S]*Your name[\s\S]*Last used/);
    assert.doesNotMatch(own, /Allowed since|Take access back/);
    assert.match(asking, /Allowed since[\s\S]*Take access back/);
    assert.doesNotMatch(asking, /Last used|Your name|Your groups|does not ask/);
  });

  it('lose their access after a question', async () => {
    const account = await newAccount();
    const app = await newClient(portal(), { asksConsent: true });
    await gives(account, app, 'openid');
    const ann = await signsIn(portal(), account.email);
    await ann.visits('/profile/apps');
    await ann.follow(`Take access back – ${app.name}`);
    assert.equal(ann.page.heading, `Take access back from “${app.name}”?`);
    assert.deepEqual(await consents().given(account.id, app.id), ['openid'], 'the question changes nothing');
    await ann.presses('Take access back');
    assert.equal(ann.page.path, '/profile/apps');
    assert.match(ann.page.text, new RegExp(`“${app.name}” no longer has access\\.`));
    assert.deepEqual(await consents().given(account.id, app.id), []);
    const { events } = await portal().services.audit.search({
      ...{ event: 'app.consent-withdrawn', partyId: account.id, page: 1, pageSize: 9 },
    });
    assert.deepEqual(
      events.map(({ actorId, detail }) => [actorId, detail]),
      [[account.id, { app: app.name }]],
    );
    await ann.visits('/profile/activity');
    assert.match(ann.page.text, /Access taken back from an app/);
  });

  it('are not found where there is no access to take back', async () => {
    const account = await newAccount();
    const other = await newAccount();
    const app = await newClient(portal(), { asksConsent: true });
    await gives(other, app, 'openid');
    const ann = await signsIn(portal(), account.email);
    for (const id of [app.id, 'x', '%00']) {
      await ann.visits(`/profile/apps/${id}/take-back`);
      assert.equal(ann.page.status, 404, id);
      const answer = await ann.submitsRaw('POST', `/profile/apps/${id}/take-back`, {});
      assert.equal(answer.status, 404, id);
    }
    assert.deepEqual(await consents().given(other.id, app.id), ['openid']);
    const nobody = new Person(portal().app);
    await nobody.visits(`/profile/apps/${app.id}/take-back`);
    assert.equal(nobody.page.path.split('?')[0], '/sign-in');
  });

  it('lose it once, by twenty requests at once', async () => {
    const account = await newAccount();
    const app = await newClient(portal(), { asksConsent: true });
    await gives(account, app, 'openid');
    const ann = await signsIn(portal(), account.email);
    await ann.visits(`/profile/apps/${app.id}/take-back`);
    for (const { status } of await ann.races(20, 'Take access back')) {
      assert.ok(status === 303 || status === 404, `${status}`);
    }
    const { total } = await portal().services.audit.search({
      ...{ event: 'app.consent-withdrawn', partyId: account.id, page: 1, pageSize: 9 },
    });
    assert.equal(total, 1);
  });

  it('need the form of this site: no token, no change', async () => {
    const account = await newAccount();
    const app = await newClient(portal(), { asksConsent: true });
    await gives(account, app, 'openid');
    const ann = await signsIn(portal(), account.email);
    const answer = await ann.submitsRaw('POST', `/profile/apps/${app.id}/take-back`, {}, { csrf: 'none' });
    assert.equal(answer.status, 403);
    assert.deepEqual(await consents().given(account.id, app.id), ['openid']);
  });
});
