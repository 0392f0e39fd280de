import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import { minutes } from '../../src/kernel/time.ts';
import { formOriginsOf } from '../support/app-host.ts';
import { codeIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { groupWith, siteRuleIs } from '../support/policies.ts';
import { onPortal, PASSWORD } from '../support/portal.ts';
import { type AppChanges, type Begun, OPEN_ID_PORTAL, RelyingParty } from '../support/relying-party.ts';
import { givesPassword, savesRecoveryCodes, scansQrCode } from '../support/steps.ts';
import { enrolsApp, enrolsEmail, givesAppCode, mailedCode, newEmail } from '../support/victim.ts';

onPortal(
  'Going to an OpenID Connect app',
  (portal) => {
    beforeEach(() => siteRuleIs(portal(), { rule: 'optional' }));

    const newAccount = () => portal().account(newEmail('ann'));
    const newBrowser = () => new Person(portal().app, { origin: OPEN_ID_PORTAL });
    const client = (changes?: AppChanges) => RelyingParty.of(portal(), changes);

    /** A browser on the way to the app, at the sign-in page. */
    async function leftBy(party: RelyingParty, parameters: Readonly<Record<string, string>> = {}) {
      const begun = await party.begins(parameters);
      const browser = newBrowser();
      await browser.visits(begun.url);
      return { begun, browser };
    }

    async function signedIn({ email }: Account): Promise<Person> {
      const person = newBrowser();
      await person.visits('/sign-in');
      await givesPassword(person, email);
      return person;
    }

    /** The forms of the open page may lead to the app that the person is on the way to, and to no other. */
    const mayLeadTo = (person: Person, { app }: RelyingParty) =>
      assert.deepEqual(formOriginsOf(person), [app.origin], person.page.heading);

    async function arrives({ page }: Person, party: RelyingParty, begun: Begun) {
      return party.exchanges(party.callbackOf(page), begun);
    }

    it('leads through the sign-in with 2FA, whose forms may lead to the app alone', async () => {
      const party = await client();
      const account = await newAccount();
      const phone = await enrolsApp(portal(), account);
      const { begun, browser: ann } = await leftBy(party);
      assert.match(ann.page.text, new RegExp(`Sign in to continue to “${party.app.name}”`));
      mayLeadTo(ann, party);
      ann.fillsIn('Email', account.email);
      ann.fillsIn('Password', 'not the password');
      await ann.presses('Sign in');
      assert.equal(ann.page.status, 422);
      mayLeadTo(ann, party);
      await givesPassword(ann, account.email);
      mayLeadTo(ann, party);
      await givesAppCode(portal(), ann, phone);
      const tokens = await arrives(ann, party, begun);
      assert.equal(tokens.claims()?.['acr'], 'urn:postern:acr:strong');
    });

    it('leads on to the origin of this request, where the app has several', async () => {
      const [home, desk] = ['https://home.example.com', 'https://desk.example.com'];
      const party = await client({ client: { redirectUris: [`${home}/callback`, `${desk}/back`] } });
      const { browser: ann } = await leftBy(party, { redirect_uri: `${desk}/back` });
      assert.deepEqual(formOriginsOf(ann), [desk]);
      await givesPassword(ann, (await newAccount()).email);
      await ann.follow('Not now');
      assert.ok(ann.page.headers['location']?.startsWith(`${desk}/back?code=`), ann.page.heading);
    });

    it('leads through the set-up of an authenticator and its recovery codes', async () => {
      const party = await client({ proof: 'strong', client: { asksConsent: true } });
      const account = await newAccount();
      const { begun, browser: ann } = await leftBy(party);
      await givesPassword(ann, account.email);
      assert.match(ann.page.text, /asks for an authentication app, and you do not have one yet/);
      mayLeadTo(ann, party);
      await ann.presses('Set up authentication app');
      mayLeadTo(ann, party);
      const phone = await scansQrCode(ann);
      ann.fillsIn('Authenticator Name', 'Phone');
      ann.fillsIn('Verification Code', phone.code(portal().now()));
      await ann.presses('Submit Code and Create');
      assert.equal(ann.page.heading, 'Recovery codes');
      mayLeadTo(ann, party);
      await portal().mailbox.next(account.email);
      await savesRecoveryCodes(portal(), ann, account.email);
      mayLeadTo(ann, party);
      await ann.presses(`Continue to “${party.app.name}”`);
      await arrives(ann, party, begun);
    });

    it('leads through a step-up for what the app asks for in its request', async () => {
      const party = await client();
      const account = await newAccount();
      const phone = await enrolsApp(portal(), account);
      const ann = await signedIn(account);
      await givesAppCode(portal(), ann, phone);
      portal().wait(minutes(20));
      const begun = await party.begins({ prompt: 'login' });
      await ann.visits(begun.url);
      assert.equal(ann.page.path.split('?')[0], '/step-up');
      mayLeadTo(ann, party);
      ann.fillsIn('Password', PASSWORD);
      await ann.presses('Continue');
      mayLeadTo(ann, party);
      await givesAppCode(portal(), ann, phone);
      await arrives(ann, party, begun);
    });

    it('leads through the confirmation of the address', async () => {
      const party = await client({ confirmsEmail: true });
      const account = await newAccount();
      const ann = await signedIn(account);
      const begun = await party.begins({ scope: 'openid email' });
      await ann.visits(begun.url);
      assert.equal(ann.page.heading, 'Confirm your email address');
      mayLeadTo(ann, party);
      await ann.presses('Send Verification Code');
      mayLeadTo(ann, party);
      ann.fillsIn('Verification Code', codeIn(await portal().mailbox.next(account.email)));
      await ann.presses('Continue');
      const tokens = await arrives(ann, party, begun);
      assert.equal(tokens.claims()?.['email_verified'], true);
    });

    it('asks for a code of the app where the client asks for a strong sign-in', async () => {
      const party = await client();
      const account = await newAccount();
      const phone = await enrolsApp(portal(), account);
      await enrolsEmail(portal(), account);
      const { begun, browser: ann } = await leftBy(party, { acr_values: 'urn:postern:acr:strong' });
      await givesPassword(ann, account.email);
      assert.equal(ann.page.heading, 'Enter the code from your app');
      await givesAppCode(portal(), ann, phone);
      await arrives(ann, party, begun);
    });

    it('says why to a person in none of its groups, and leads back to the app, which is told', async () => {
      const agents = await groupWith(portal(), { rule: 'off' });
      const party = await client({ audience: [agents.id] });
      const account = await newAccount();
      const ann = await signedIn(account);
      const begun = await party.begins();
      await ann.visits(begun.url);
      assert.equal(ann.page.status, 403);
      assert.match(ann.page.text, /is for certain groups only/);
      mayLeadTo(ann, party);
      const { events } = await portal().services.audit.search({
        ...{ event: 'access.denied', person: account.email, page: 1, pageSize: 9 },
      });
      assert.deepEqual(
        events.map(({ detail }) => detail),
        [{ app: party.app.name }],
      );
      await ann.presses(`Back to “${party.app.name}”`);
      const { searchParams } = new URL(party.callbackOf(ann.page));
      assert.deepEqual(
        [searchParams.get('error'), searchParams.get('state'), searchParams.get('code')],
        ['access_denied', begun.state, null],
      );
    });

    it('says why where the policy allows no method that the app accepts, and the app is told', async () => {
      await siteRuleIs(portal(), { rule: 'optional', methods: ['email'] });
      const party = await client({ proof: 'strong' });
      const ann = await signedIn(await newAccount());
      await ann.visits((await party.begins()).url);
      assert.match(ann.page.text, /asks for a safer way to sign in than your administrators allow/);
      await ann.presses(`Back to “${party.app.name}”`);
      assert.match(party.callbackOf(ann.page), /error=unmet_authentication_requirements/);
    });

    it('lets nobody in by the form of the refusal', async () => {
      const agents = await groupWith(portal(), { rule: 'off' });
      const party = await client({ audience: [agents.id], client: { asksConsent: true } });
      const account = await newAccount();
      const ann = await signedIn(account);
      await ann.visits((await party.begins()).url);
      const { action, fields } = ann.form(`Back to “${party.app.name}”`);
      await ann.goesOnFrom(await ann.submitsRaw('POST', action, { ...fields, answer: 'yes' }));
      assert.match(ann.page.text, /is for certain groups only/);
      assert.deepEqual(await portal().services.consents.given(account.id, party.app.id), []);
    });

    it('answers by a form with a button where the app asks for that, and has no script or token of ours', async () => {
      const party = await client({ client: { mayFormPost: true } });
      const ann = await signedIn(await newAccount());
      const begun = await party.begins({ response_mode: 'form_post' });
      await ann.visits(begun.url);
      assert.equal(ann.page.heading, `Continue to “${party.app.name}”`);
      mayLeadTo(ann, party);
      const form = ann.page.$(`form[action="${party.callback}"]`);
      assert.equal(form.attr('method'), 'post');
      assert.equal(form.find('[name=_csrf]').length, 0);
      assert.equal(ann.page.$('script:not([src])').length, 0);
      const fields = form
        .find('input')
        .toArray()
        .map((input) => [input.attribs['name'], input.attribs['value']]);
      const answer = new URLSearchParams(Object.fromEntries(fields));
      assert.equal(answer.get('state'), begun.state);
      await party.exchanges(`${party.callback}?${answer}`, begun);
    });

    it('sends no code by that form to an app that may not have it', async () => {
      const party = await client();
      const ann = await signedIn(await newAccount());
      await ann.visits((await party.begins({ response_mode: 'form_post' })).url);
      assert.equal(ann.page.$('input[name=error]').attr('value'), 'invalid_request');
      assert.equal(ann.page.$('input[name=code]').length, 0);
    });

    it('mails no code on the way before the person asks', async () => {
      const party = await client({ proof: 'second step', freshMinutes: 5 });
      const account = await newAccount();
      await enrolsEmail(portal(), account);
      const ann = await signedIn(account);
      ann.fillsIn('Verification Code', await mailedCode(portal(), account.email));
      await ann.presses('Continue');
      portal().wait(minutes(6));
      const mails = portal().mailbox.messages.length;
      await ann.visits((await party.begins()).url);
      assert.equal(portal().mailbox.messages.length, mails);
    });
  },
  { BASE_URL: OPEN_ID_PORTAL },
);
