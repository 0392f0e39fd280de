import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import { hours } from '../../src/kernel/time.ts';
import { formOriginsOf } from '../support/app-host.ts';
import { Person } from '../support/person.ts';
import { siteRuleIs } from '../support/policies.ts';
import { onPortal } from '../support/portal.ts';
import { OPEN_ID_PORTAL, RelyingParty } from '../support/relying-party.ts';
import { givesPassword } from '../support/steps.ts';
import { isSignedIn, newEmail } from '../support/victim.ts';

const BACK = 'https://wiki.example.com/bye?a=b';

onPortal(
  'Signing out by an OpenID Connect app',
  (portal) => {
    before(() => siteRuleIs(portal(), { rule: 'off' }));

    const newAccount = (role: 'member' | 'administrator' = 'member') =>
      portal().account(newEmail('ann'), role);
    const client = () => RelyingParty.of(portal(), { client: { postLogoutUris: [BACK] } });
    const logout = (parameters: Readonly<Record<string, string>>) =>
      `/oidc/logout?${new URLSearchParams(parameters)}`;

    async function signedIn({ email }: Account): Promise<Person> {
      const person = new Person(portal().app, { origin: OPEN_ID_PORTAL });
      await person.visits('/sign-in');
      await givesPassword(person, email);
      return person;
    }

    async function staysSignedIn(person: Person): Promise<void> {
      await person.visits('/profile');
      assert.ok(isSignedIn(person), person.page.heading);
    }

    async function isSignedOut(person: Person): Promise<void> {
      await person.visits('/profile');
      assert.ok(!isSignedIn(person), person.page.heading);
    }

    it('ends the sign-in at once where the app shows an ID token of it, and leads back to the app', async () => {
      const party = await client();
      const ann = await signedIn(await newAccount());
      const { id_token: hint = '' } = await party.signsIn(ann);
      portal().wait(hours(0.5));
      await ann.visits(logout({ id_token_hint: hint, post_logout_redirect_uri: BACK, state: 's&t' }));
      assert.equal(ann.page.headers['location'], `${BACK}&state=s%26t`);
      assert.equal(ann.page.headers['clear-site-data'], '"cache", "storage"');
      await isSignedOut(ann);
    });

    it('is asked about otherwise, says what ends, and leads to the app after the button', async () => {
      const party = await client();
      const ann = await signedIn(await newAccount());
      await party.signsIn(ann);
      const asked = { client_id: party.app.id, post_logout_redirect_uri: BACK, state: 's' };
      await ann.visits(logout(asked));
      assert.match(ann.page.text, new RegExp(`“${party.app.name}” asks to sign you out\\.`));
      assert.deepEqual(formOriginsOf(ann), ['https://wiki.example.com']);
      const tab = ann.copy();
      await staysSignedIn(tab);
      await ann.presses('Sign out now');
      assert.equal(ann.page.headers['location'], `${BACK}&state=s`);
      await isSignedOut(ann);
    });

    it('stays on the page that says so where the app names no address', async () => {
      const party = await client();
      const ann = await signedIn(await newAccount());
      await ann.visits(logout({ client_id: party.app.id }));
      await ann.presses('Sign out now');
      assert.equal(ann.page.path, '/signed-out');
      await isSignedOut(ann);
      await ann.visits(logout({ client_id: party.app.id, post_logout_redirect_uri: BACK }));
      assert.equal(ann.page.headers['location'], BACK, 'who is signed out goes back to the app');
      await ann.visits(logout({}));
      assert.equal(ann.page.path, '/signed-out');
    });

    it('takes a form of the app as well as a link', async () => {
      const party = await client();
      const ann = await signedIn(await newAccount());
      const { id_token: hint = '' } = await party.signsIn(ann);
      const fields = { id_token_hint: hint, post_logout_redirect_uri: BACK };
      const answer = await ann.submitsRaw('POST', '/oidc/logout', fields, { csrf: 'none' });
      assert.equal(answer.status, 303);
      await staysSignedIn(ann.copy());
      await ann.goesOnFrom(answer);
      assert.equal(ann.page.headers['location'], BACK);
      await isSignedOut(ann);
    });

    it('is not forced on anybody by a link, with whatever token', async () => {
      const party = await client();
      const other = await client();
      const account = await newAccount();
      const ann = await signedIn(account);
      const { id_token: own = '' } = await party.signsIn(ann);
      const elsewhere = await signedIn(account);
      const { id_token: ofOtherBrowser = '' } = await party.signsIn(elsewhere);
      const mallory = await signedIn(await newAccount());
      const { id_token: ofMallory = '' } = await other.signsIn(mallory);
      const [head, payload] = own.split('.');
      const forged = [ofOtherBrowser, ofMallory, `${head}.${payload}.`, `${own}x`, 'x', ''];
      for (const parameters of [
        {},
        { client_id: party.app.id },
        ...forged.map((id_token_hint) => ({ id_token_hint })),
        { id_token_hint: own, client_id: other.app.id },
      ]) {
        await ann.visits(logout({ ...parameters, post_logout_redirect_uri: BACK }));
        assert.equal(ann.page.status, 200, JSON.stringify(parameters));
        assert.equal(ann.page.headers['location'], undefined);
        await staysSignedIn(ann);
      }
      const answer = await ann.submitsRaw('POST', '/apps/sign-out/app', {}, { csrf: 'none' });
      assert.equal(answer.status, 403);
      assert.equal((await ann.loads('/apps/sign-out/app')).status, 405);
      await staysSignedIn(ann);
    });

    it('leads nobody to an address that is not registered, and tells an administrator', async () => {
      const party = await client();
      const ada = await signedIn(await newAccount('administrator'));
      const ann = await signedIn(await newAccount());
      const { id_token: hint = '' } = await party.signsIn(ann);
      for (const address of [
        'https://evil.example/',
        `${BACK}#x`,
        `${BACK}&c=d`,
        'https://wiki.example.com',
      ]) {
        const wrong = { id_token_hint: hint, post_logout_redirect_uri: address };
        await ann.visits(logout(wrong));
        assert.equal(ann.page.status, 200, address);
        assert.deepEqual(formOriginsOf(ann), []);
        assert.doesNotMatch(ann.page.text, /evil|The address/);
        await ada.visits(logout({ ...wrong, client_id: party.app.id }));
        assert.match(ada.page.text, /is not among those that this app may lead to after signing out/);
      }
      await ann.visits(logout({ id_token_hint: hint, post_logout_redirect_uri: 'https://evil.example/' }));
      await ann.presses('Sign out now');
      assert.equal(ann.page.path, '/signed-out');
    });

    it('is done once, however often the button is pressed at once', async () => {
      const party = await client();
      const account = await newAccount();
      const ann = await signedIn(account);
      await ann.visits(logout({ client_id: party.app.id, post_logout_redirect_uri: BACK }));
      for (const { status, headers } of await ann.repeats(20, 'Sign out now')) {
        assert.equal(status, 303);
        assert.equal(headers['location'], BACK);
      }
      const { total } = await portal().services.audit.search({
        ...{ event: 'sign-out', partyId: account.id, page: 1, pageSize: 9 },
      });
      assert.equal(total, 1);
    });
  },
  { BASE_URL: OPEN_ID_PORTAL },
);
