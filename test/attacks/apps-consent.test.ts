import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import { formOriginsOf } from '../support/app-host.ts';
import { Person } from '../support/person.ts';
import { siteRuleIs } from '../support/policies.ts';
import { onPortal } from '../support/portal.ts';
import { OPEN_ID_PORTAL, RelyingParty } from '../support/relying-party.ts';
import { givesPassword } from '../support/steps.ts';
import { newEmail } from '../support/victim.ts';

const SCOPES = { scope: 'openid email' };

onPortal(
  'An attacker on the way to an OpenID Connect app',
  (portal) => {
    before(() => siteRuleIs(portal(), { rule: 'off' }));

    const newAccount = (name = 'ann', role: 'member' | 'administrator' = 'member') =>
      portal().account(newEmail(name), role);
    const asking = () => RelyingParty.of(portal(), { client: { asksConsent: true } });
    const given = ({ id }: Account, { app }: RelyingParty) => portal().services.consents.given(id, app.id);

    async function signedIn({ email }: Account): Promise<Person> {
      const person = new Person(portal().app, { origin: OPEN_ID_PORTAL });
      await person.visits('/sign-in');
      await givesPassword(person, email);
      return person;
    }

    async function askedAt(party: RelyingParty, account: Account): Promise<Person> {
      const person = await signedIn(account);
      await person.visits((await party.begins(SCOPES)).url);
      assert.equal(person.page.heading, `“${party.app.name}” asks who you are`);
      return person;
    }

    it('gets nothing of a person by opening their request, and nothing by having them open the own one', async () => {
      const party = await asking();
      const [ann, mallory] = [await newAccount(), await newAccount('mallory')];
      const begun = await party.begins(SCOPES);
      const hers = await signedIn(ann);
      await hers.visits(begun.url);
      const thief = await signedIn(mallory);
      await thief.visits(hers.page.path);
      assert.ok(!thief.page.text.includes(ann.email));
      await thief.presses(`Continue to “${party.app.name}”`);
      assert.equal(
        thief.page.heading,
        `Start again from “${party.app.name}”`,
        'the request is another browser’s',
      );
      assert.equal(thief.page.headers['location'], undefined);
      assert.deepEqual(await given(ann, party), []);
      const tab = hers.copy();
      await tab.visits(`/oidc/authorize/${new URL(hers.page.path, OPEN_ID_PORTAL).searchParams.get('uid')}`);
      assert.equal(tab.page.heading, `“${party.app.name}” asks who you are`, 'she is still asked herself');
      await tab.presses(`Continue to “${party.app.name}”`);
      const tokens = await party.exchanges(party.callbackOf(tab.page), begun);
      assert.equal(tokens.claims()?.sub, ann.id);
    });

    it('gives a consent once, however often the form is sent at once', async () => {
      const party = await asking();
      const account = await newAccount();
      const ann = await askedAt(party, account);
      const answers = await ann.races(20, `Continue to “${party.app.name}”`);
      assert.deepEqual([...new Set(answers.map(({ status }) => status))], [303]);
      const { total } = await portal().services.audit.search({
        ...{ event: 'app.consent-given', partyId: account.id, page: 1, pageSize: 9 },
      });
      assert.equal(total, 1);
      assert.deepEqual(await given(account, party), ['email', 'openid']);
    });

    it('gives no consent in a person’s name: by GET, or without the token of the form', async () => {
      const party = await asking();
      const account = await newAccount();
      const ann = await askedAt(party, account);
      const { action, fields } = ann.form(`Continue to “${party.app.name}”`);
      const query = new URLSearchParams({ uid: String(fields['uid']), answer: 'yes' });
      assert.equal((await ann.loads(`${action}?${query}`)).status, 405);
      const { _csrf, ...rest } = fields;
      for (const csrf of ['none', 'x'.repeat(40)]) {
        assert.equal((await ann.submitsRaw('POST', action, rest, { csrf })).status, 403, csrf);
      }
      assert.deepEqual(await given(account, party), []);
    });

    it('sends no browser to an address that is not registered, and reads no reason', async () => {
      const party = await asking();
      const ann = await signedIn(await newAccount());
      const { callback, app } = party;
      for (const address of [
        'https://evil.example/callback',
        `${callback}/`,
        `${callback}?a=b`,
        `${callback}#x`,
        `${callback}/../callback`,
        callback.replace('/callback', '/Callback'),
        callback.replace('https:', 'http:'),
        callback.replace('.com', '.com:8443'),
        callback.replace('https://', 'https://evil@'),
        `${app.origin}.evil.example/callback`,
        'javascript:alert(1)',
        '',
      ]) {
        const begun = await party.begins({ ...SCOPES, redirect_uri: address });
        await ann.visits(begun.url);
        assert.equal(ann.page.status, 400, address);
        assert.equal(ann.page.headers['location'], undefined, address);
        assert.equal(ann.page.heading, `“${app.name}” cannot sign you in now`, address);
        assert.doesNotMatch(ann.page.text, /evil|redirect/, address);
        assert.deepEqual(formOriginsOf(ann), []);
        assert.deepEqual(
          ann.page.links.filter(({ text }) => text.startsWith('Start')).map(({ href }) => href),
          [`${app.origin}/`],
        );
      }
    });

    it('cannot put markup or a link into what an administrator reads about it', async () => {
      const party = await asking();
      const ada = await signedIn(await newAccount('ada', 'administrator'));
      const address = 'https://evil.example/<b>x</b>';
      await ada.visits((await party.begins({ ...SCOPES, redirect_uri: address })).url);
      assert.match(
        ada.page.text,
        /The redirect address https:\/\/evil\.example\/<b>x<\/b> is not among those/,
      );
      assert.ok(!ada.page.links.some(({ href }) => href.includes('evil')));
      await ada.follow(`Settings of “${party.app.name}”`);
      assert.equal(ada.page.path, `/admin/apps/${party.app.id}`);
      for (const client of ['<b>x</b>', 'x'.repeat(5000), '%00', '0'.repeat(26)]) {
        await ada.visits(`/oidc/authorize?client_id=${client}&response_type=code&scope=openid`);
        assert.equal(ada.page.heading, 'The app cannot sign you in now', client);
        assert.match(ada.page.text, /No app has the client id/, client);
        assert.ok(ada.page.text.length < 2000);
      }
      const begun = await party.begins({ ...SCOPES, response_type: 'token' });
      await ada.visits(begun.url);
      assert.match(party.callbackOf(ada.page), /error=invalid_request/);
    });

    it('asks by single claims for no more than the person reads', async () => {
      const party = await asking();
      const account = await newAccount();
      const ann = await signedIn(account);
      const claims = JSON.stringify({ id_token: { email: null }, userinfo: { name: null } });
      await ann.visits((await party.begins({ scope: 'openid', claims })).url);
      assert.ok(ann.page.text.includes(account.email));
      assert.ok(ann.page.text.includes(account.name));
    });
  },
  { BASE_URL: OPEN_ID_PORTAL },
);
