import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import { hours, minutes } from '../../src/kernel/time.ts';
import { formOriginsOf } from '../support/app-host.ts';
import { Person } from '../support/person.ts';
import { groupWith, siteRuleIs } from '../support/policies.ts';
import { OPERATOR, onPortal, PASSWORD } from '../support/portal.ts';
import { type AppChanges, OPEN_ID_PORTAL, RelyingParty } from '../support/relying-party.ts';
import { givesPassword } from '../support/steps.ts';
import { newEmail } from '../support/victim.ts';

onPortal(
  'An app that asks for consent',
  (portal) => {
    before(() => siteRuleIs(portal(), { rule: 'off' }));

    const newAccount = (name = 'ann') => portal().account(newEmail(name));
    const asking = (client: AppChanges['client'] = {}, changes: AppChanges = {}) =>
      RelyingParty.of(portal(), { ...changes, client: { asksConsent: true, ...client } });
    const consents = () => portal().services.consents;
    const SCOPES = { scope: 'openid profile email' };

    async function signedIn({ email }: Account): Promise<Person> {
      const person = new Person(portal().app, { origin: OPEN_ID_PORTAL });
      await person.visits('/sign-in');
      await givesPassword(person, email);
      return person;
    }

    it('is told nothing before the person goes on, and then what the page has said', async () => {
      const party = await asking();
      const account = await newAccount();
      const ann = await signedIn(account);
      const begun = await party.begins(SCOPES);
      await ann.visits(begun.url);
      const { app } = party;
      assert.equal(ann.page.status, 200);
      assert.equal(ann.page.heading, `“${app.name}” asks who you are`);
      assert.deepEqual(formOriginsOf(ann), [app.origin]);
      for (const told of [account.id, account.name, account.email])
        assert.ok(ann.page.text.includes(told), told);
      assert.doesNotMatch(ann.page.text, /Your groups|renew your sign-in/);
      assert.deepEqual(await consents().given(account.id, app.id), []);
      await ann.presses(`Continue to “${app.name}”`);
      const tokens = await party.exchanges(party.callbackOf(ann.page), begun);
      assert.equal(tokens.claims()?.['email'], account.email);
      assert.deepEqual(await consents().given(account.id, app.id), ['email', 'openid', 'profile']);
    });

    it('is not asked about again, unless it asks for more', async () => {
      const party = await asking();
      const account = await newAccount();
      const ann = await signedIn(account);
      await ann.visits((await party.begins(SCOPES)).url);
      await ann.presses(`Continue to “${party.app.name}”`);
      const begun = await party.begins(SCOPES);
      await ann.visits(begun.url);
      await party.exchanges(party.callbackOf(ann.page), begun);
      await ann.visits((await party.begins({ scope: 'openid groups' })).url);
      assert.equal(ann.page.heading, `“${party.app.name}” asks who you are`);
    });

    it('is asked about again if the app wants that, and after access was taken back', async () => {
      const party = await asking();
      const account = await newAccount();
      const ann = await signedIn(account);
      await ann.visits((await party.begins(SCOPES)).url);
      await ann.presses(`Continue to “${party.app.name}”`);
      const begun = await party.begins({ ...SCOPES, prompt: 'consent' });
      await ann.visits(begun.url);
      await ann.presses(`Continue to “${party.app.name}”`);
      await party.exchanges(party.callbackOf(ann.page), begun);
      await ann.visits('/profile/apps');
      await ann.follow(`Take access back – ${party.app.name}`);
      await ann.presses('Take access back');
      await ann.visits((await party.begins(SCOPES)).url);
      assert.equal(ann.page.heading, `“${party.app.name}” asks who you are`);
    });

    it('is told that access was denied by a person who does not go on', async () => {
      const party = await asking();
      const account = await newAccount();
      const ann = await signedIn(account);
      const begun = await party.begins(SCOPES);
      await ann.visits(begun.url);
      await ann.presses('Do not continue');
      const { searchParams } = new URL(party.callbackOf(ann.page));
      assert.equal(searchParams.get('error'), 'access_denied');
      assert.equal(searchParams.get('state'), begun.state);
      assert.equal(searchParams.get('code'), null);
      assert.deepEqual(await consents().given(account.id, party.app.id), []);
    });

    it('is told of the person’s own groups alone, and only of those that its settings name', async () => {
      const [agents, hidden, others] = [
        await groupWith(portal(), { rule: 'off' }, [], 'Agents & <b>'),
        await groupWith(portal(), { rule: 'off' }, [], 'Not for this app'),
        await groupWith(portal(), { rule: 'off' }, [], 'Of other people'),
      ];
      const party = await asking({ toldGroups: [agents.id, others.id] });
      const account = await newAccount();
      for (const group of [agents, hidden]) await portal().services.groups.add(group, account, OPERATOR);
      const ann = await signedIn(account);
      await ann.visits((await party.begins({ scope: 'openid groups' })).url);
      assert.match(ann.page.text, /Your groups\s+Agents & <b>/);
      assert.doesNotMatch(ann.page.text, /Not for this app|Of other people|Your name|Your email/);
      const bob = await signedIn(await newAccount('bob'));
      await bob.visits((await party.begins({ scope: 'openid groups' })).url);
      assert.match(bob.page.text, /Your groups\s+None at the moment/);
    });

    it('says so if it may renew the sign-in', async () => {
      const party = await asking({ mayRefresh: true });
      const ann = await signedIn(await newAccount());
      const begun = await party.begins({ scope: 'openid offline_access' });
      await ann.visits(begun.url);
      assert.match(ann.page.text, /It can renew your sign-in without asking you, until you sign out here\./);
      await ann.presses(`Continue to “${party.app.name}”`);
      const tokens = await party.exchanges(party.callbackOf(ann.page), begun);
      assert.ok(tokens.refresh_token);
    });

    it('asks in German', async () => {
      const party = await asking({}, { name: 'Bücher' });
      const account = await newAccount();
      await portal().services.profileChanges.chooseLocale(account, 'de', OPERATOR);
      const eva = new Person(portal().app, { origin: OPEN_ID_PORTAL, acceptLanguage: 'de' });
      await eva.visits((await party.begins(SCOPES)).url);
      eva.fillsIn('E-Mail', account.email);
      eva.fillsIn('Passwort', 'seventeen green herons');
      await eva.presses('Anmelden');
      assert.equal(eva.page.heading, '„Bücher“ fragt, wer Sie sind');
      await eva.presses('Nicht weitergehen');
      assert.match(party.callbackOf(eva.page), /error=access_denied/);
    });

    it('never shows a page if it forbids it', async () => {
      const party = await asking();
      const ann = await signedIn(await newAccount());
      await ann.visits((await party.begins({ ...SCOPES, prompt: 'none' })).url);
      assert.match(party.callbackOf(ann.page), /error=consent_required/);
      const nobody = new Person(portal().app, { origin: OPEN_ID_PORTAL });
      await nobody.visits((await party.begins({ ...SCOPES, prompt: 'none' })).url);
      assert.match(party.callbackOf(nobody.page), /error=login_required/);
    });

    it('goes on if another tab has answered meanwhile', async () => {
      const party = await asking();
      const account = await newAccount();
      const ann = await signedIn(account);
      const begun = await party.begins(SCOPES);
      await ann.visits(begun.url);
      await consents().give(account, party.app, ['openid', 'profile', 'email'], OPERATOR);
      await ann.presses(`Continue to “${party.app.name}”`);
      await party.exchanges(party.callbackOf(ann.page), begun);
    });

    it('is asked about again after a form without an answer', async () => {
      const party = await asking();
      const account = await newAccount();
      const ann = await signedIn(account);
      await ann.visits((await party.begins(SCOPES)).url);
      const { action, fields } = ann.form('Do not continue');
      const { answer: _, ...rest } = fields;
      for (const wrong of [{}, { answer: 'perhaps' }, { answer: ['yes', 'no'] }]) {
        const { status, headers } = await ann.submitsRaw('POST', action, { ...rest, ...wrong });
        assert.equal(status, 303, JSON.stringify(wrong));
        assert.match(headers['location'] ?? '', /\/apps\/authorize\?uid=/);
      }
      assert.deepEqual(await consents().given(account.id, party.app.id), []);
    });

    describe('whose request is no longer under way', () => {
      it('leads back to the app after an hour', async () => {
        const party = await asking({ startUrl: null });
        const ann = new Person(portal().app, { origin: OPEN_ID_PORTAL });
        await ann.visits((await party.begins(SCOPES)).url);
        assert.deepEqual(formOriginsOf(ann), [party.app.origin]);
        portal().wait(hours(1) + 1);
        await ann.reopensForms();
        await givesPassword(ann, (await newAccount()).email);
        assert.equal(ann.page.heading, `Start again from “${party.app.name}”`);
      });

      it('goes on from a sign-in page that was open for half an hour', async () => {
        const party = await asking();
        const ann = new Person(portal().app, { origin: OPEN_ID_PORTAL });
        const begun = await party.begins(SCOPES);
        await ann.visits(begun.url);
        portal().wait(minutes(30));
        await givesPassword(ann, (await newAccount()).email);
        await ann.presses(`Continue to “${party.app.name}”`);
        await party.exchanges(party.callbackOf(ann.page), begun);
      });

      it('goes on from the tab in which it was begun, when another one has signed in', async () => {
        const party = await asking();
        const account = await newAccount();
        const ann = new Person(portal().app, { origin: OPEN_ID_PORTAL });
        const begun = await party.begins(SCOPES);
        await ann.visits(begun.url);
        const { path } = ann.page;
        const stale = ann.form('Sign in');
        await ann.visits('/sign-in');
        await givesPassword(ann, account.email);
        const fields = { ...stale.fields, email: account.email, password: PASSWORD };
        const sent = await ann.submitsRaw('POST', '/sign-in', fields);
        assert.match(sent.headers['location'] ?? '', /\/apps\/authorize\?uid=/, 'its form leads on');
        await ann.visits(path);
        await ann.presses(`Continue to “${party.app.name}”`);
        await party.exchanges(party.callbackOf(ann.page), begun);
      });

      it('leads back to the app after the Back button', async () => {
        const party = await asking({ startUrl: null });
        const ann = await signedIn(await newAccount());
        await ann.visits((await party.begins(SCOPES)).url);
        const { path } = ann.page;
        const tab = ann.copy();
        await ann.presses(`Continue to “${party.app.name}”`);
        party.callbackOf(ann.page);
        await ann.visits(path);
        assert.equal(ann.page.status, 404);
        assert.equal(ann.page.heading, `Start again from “${party.app.name}”`);
        assert.deepEqual(
          ann.page.links.filter(({ text }) => text.startsWith('Open')).map(({ href }) => href),
          [`${party.app.origin}/`],
        );
        await tab.reopensForms();
        await tab.presses('Do not continue');
        assert.equal(tab.page.heading, `Start again from “${party.app.name}”`);
      });

      it('does not lead to what the address names if that is no app', async () => {
        const ann = await signedIn(await newAccount());
        for (const query of ['', '?uid=x', '?uid=x&app=y', '?uid=x&uid=y&app=z&app=q', '?uid=%00&app=%00']) {
          await ann.visits(`/apps/authorize${query}`);
          assert.equal(ann.page.status, 404, query);
          assert.equal(ann.page.heading, 'Start again from the app', query);
        }
      });
    });
  },
  { BASE_URL: OPEN_ID_PORTAL },
);
