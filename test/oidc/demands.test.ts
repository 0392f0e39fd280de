import assert from 'node:assert/strict';
import { minutes } from '../../src/kernel/time.ts';
import { Person } from '../support/person.ts';
import { siteRuleIs } from '../support/policies.ts';
import { onPortal, PASSWORD } from '../support/portal.ts';
import { OPEN_ID_PORTAL, RelyingParty } from '../support/relying-party.ts';
import { givesPassword, signsIn } from '../support/steps.ts';
import { enrolsApp, enrolsEmail, givesAppCode, mailedCode, newEmail, TRUST } from '../support/victim.ts';

const STRONG = 'urn:postern:acr:strong';
const SECOND_STEP = 'urn:postern:acr:second-step';
const BROWSER = { origin: OPEN_ID_PORTAL };

onPortal(
  'What an OpenID Connect app asks for',
  (portal) => {
    beforeEach(() => siteRuleIs(portal(), { rule: 'optional' }));

    const newAccount = () => portal().account(newEmail('ann'));

    /** The error that the app is told. */
    const errorOf = ({ page }: Person) =>
      new URL(page.headers['location'] ?? 'about:blank').searchParams.get('error');

    async function begins(party: RelyingParty, person: Person, parameters: Readonly<Record<string, string>>) {
      const begun = await party.begins(parameters);
      await person.visits(begun.url);
      return async () => (await party.exchanges(party.callbackOf(person.page), begun)).claims();
    }

    const essential = (...values: readonly string[]) =>
      JSON.stringify({ id_token: { acr: { essential: true, values } } });

    it('is a strong factor, which acr_values raise the demand to', async () => {
      const party = await RelyingParty.of(portal());
      const account = await newAccount();
      const phone = await enrolsApp(portal(), account);
      const ann = await signsIn(portal(), account.email, BROWSER);
      await givesAppCode(portal(), ann, phone);
      const claims = await (await begins(party, ann, { acr_values: STRONG }))();
      assert.deepEqual([claims?.['acr'], claims?.['amr']], [STRONG, ['pwd', 'otp', 'mfa']]);
    });

    it('is a second step that a trusted browser has replaced: then it is asked for', async () => {
      await portal().services.settings.change({ trustDays: 30 });
      const party = await RelyingParty.of(portal());
      const account = await newAccount();
      const phone = await enrolsApp(portal(), account);
      const ann = await signsIn(portal(), account.email, BROWSER);
      ann.chooses(TRUST);
      await givesAppCode(portal(), ann, phone);
      await ann.visits('/');
      await ann.presses('Sign out');
      await ann.visits('/sign-in');
      await givesPassword(ann, account.email);
      const before = await (await begins(party, ann, {}))();
      assert.deepEqual([before?.['acr'], before?.['amr']], ['urn:postern:acr:password', ['pwd']]);
      const ends = await begins(party, ann, { acr_values: SECOND_STEP });
      assert.equal(ann.page.path.split('?')[0], '/step-up/code');
      await givesAppCode(portal(), ann, phone);
      assert.equal((await ends())?.['acr'], STRONG);
    });

    it('is only a wish in acr_values: what the person cannot meet counts for nothing', async () => {
      await siteRuleIs(portal(), { rule: 'optional', methods: ['email'] });
      const party = await RelyingParty.of(portal());
      const ann = await signsIn(portal(), (await newAccount()).email, BROWSER);
      const claims = await (await begins(party, ann, { acr_values: STRONG }))();
      assert.equal(claims?.['acr'], 'urn:postern:acr:password');
      assert.ok(await (await begins(party, ann, { acr_values: 'phr phrh' }))());
    });

    it('falls back to the second value of acr_values where the first is out of reach', async () => {
      await siteRuleIs(portal(), { rule: 'optional', methods: ['email'] });
      const party = await RelyingParty.of(portal());
      const account = await newAccount();
      await enrolsEmail(portal(), account);
      const ann = await signsIn(portal(), account.email, BROWSER);
      ann.fillsIn('Verification Code', await mailedCode(portal(), account.email));
      await ann.presses('Continue');
      const claims = await (await begins(party, ann, { acr_values: `${STRONG} ${SECOND_STEP}` }))();
      assert.deepEqual([claims?.['acr'], claims?.['amr']], [SECOND_STEP, ['pwd', 'email', 'mfa']]);
    });

    it('is refused with unmet_authentication_requirements if an essential acr is out of reach', async () => {
      await siteRuleIs(portal(), { rule: 'optional', methods: ['email'] });
      const party = await RelyingParty.of(portal());
      const ann = await signsIn(portal(), (await newAccount()).email, BROWSER);
      for (const values of [[STRONG], ['phr'], [STRONG, 'phr']]) {
        await begins(party, ann, { claims: essential(...values) });
        assert.equal(errorOf(ann), 'unmet_authentication_requirements');
      }
    });

    it('is answered by an essential acr that was asked for, also if more was done', async () => {
      const party = await RelyingParty.of(portal());
      const account = await newAccount();
      const phone = await enrolsApp(portal(), account);
      const ann = await signsIn(portal(), account.email, BROWSER);
      await givesAppCode(portal(), ann, phone);
      const claims = await (await begins(party, ann, { claims: essential(SECOND_STEP, 'phr') }))();
      assert.equal(claims?.['acr'], SECOND_STEP);
    });

    it('is a sign-in that is no older than max_age: else the person proves who they are, once', async () => {
      const party = await RelyingParty.of(portal());
      const ann = await signsIn(portal(), (await newAccount()).email, BROWSER);
      assert.ok(await (await begins(party, ann, { max_age: '120' }))());
      portal().wait(minutes(3));
      const began = portal().now();
      const ends = await begins(party, ann, { max_age: '1' });
      assert.equal(ann.page.path.split('?')[0], '/step-up');
      portal().wait(5000);
      ann.fillsIn('Password', PASSWORD);
      await ann.presses('Continue');
      const claims = await ends();
      assert.ok(Number(claims?.auth_time) * 1000 >= began, 'auth_time is that of the new proof');
    });

    it('is a proof since the request with prompt=login, and so with max_age=0', async () => {
      const party = await RelyingParty.of(portal());
      for (const anew of [{ prompt: 'login' }, { max_age: '0' }]) {
        const ann = await signsIn(portal(), (await newAccount()).email, BROWSER);
        portal().wait(1000);
        const ends = await begins(party, ann, anew);
        assert.equal(ann.page.path.split('?')[0], '/step-up', JSON.stringify(anew));
        portal().wait(1000);
        ann.fillsIn('Password', PASSWORD);
        await ann.presses('Continue');
        assert.ok(await ends());
      }
    });

    it('never goes below the demand of the app’s own settings', async () => {
      const party = await RelyingParty.of(portal(), { proof: 'strong' });
      const account = await newAccount();
      const phone = await enrolsApp(portal(), account);
      const ann = new Person(portal().app, BROWSER);
      const ends = await begins(party, ann, { acr_values: 'urn:postern:acr:password', max_age: '86400' });
      await givesPassword(ann, account.email);
      assert.equal(ann.page.path, '/sign-in/code');
      await givesAppCode(portal(), ann, phone);
      assert.equal((await ends())?.['acr'], STRONG);
    });

    it('gets its answer without a page with prompt=none, or the error that says what is missing', async () => {
      const party = await RelyingParty.of(portal());
      const nobody = new Person(portal().app, BROWSER);
      await begins(party, nobody, { prompt: 'none' });
      assert.equal(errorOf(nobody), 'login_required');
      const ann = await signsIn(portal(), (await newAccount()).email, BROWSER);
      assert.ok(await (await begins(party, ann, { prompt: 'none' }))());
      portal().wait(minutes(2));
      await begins(party, ann, { prompt: 'none', max_age: '60' });
      assert.equal(errorOf(ann), 'login_required');
      await begins(await RelyingParty.of(portal(), { audience: [] }), ann, { prompt: 'none' });
      assert.equal(errorOf(ann), 'access_denied');
      await begins(await RelyingParty.of(portal(), { client: { asksConsent: true } }), ann, {
        prompt: 'none',
      });
      assert.equal(errorOf(ann), 'consent_required');
    });

    it('is about one person only, if the app names one', async () => {
      const party = await RelyingParty.of(portal());
      const ann = await signsIn(portal(), (await newAccount()).email, BROWSER);
      const { id_token } = await party.signsIn(ann);
      assert.ok(await (await begins(party, ann, { id_token_hint: id_token ?? '' }))());
      const bob = await signsIn(portal(), (await newAccount()).email, BROWSER);
      await begins(party, bob, { id_token_hint: id_token ?? '' });
      assert.equal(errorOf(bob), 'login_required');
      const sub = JSON.stringify({ id_token: { sub: { value: 'somebody' } } });
      await begins(party, ann, { claims: sub });
      assert.equal(errorOf(ann), 'login_required');
    });

    it('counts for each tab by itself, and for Back', async () => {
      const party = await RelyingParty.of(portal());
      const account = await newAccount();
      const ann = new Person(portal().app, BROWSER);
      const one = await party.begins();
      await ann.visits(one.url);
      const firstTab = ann.copy();
      const two = await party.begins();
      await ann.visits(two.url);
      const secondTab = ann.copy();
      for (const [tab, begun] of [
        [secondTab, two],
        [firstTab, one],
      ] as const) {
        if (tab === secondTab) await givesPassword(tab, account.email);
        else await tab.visits(tab.page.path.includes('return') ? decodedReturn(tab) : tab.page.path);
        if (tab.page.path.startsWith('/profile/two-factor/suggestion')) await tab.follow('Not now');
        assert.ok(await party.exchanges(party.callbackOf(tab.page), begun));
        for (const [name, value] of secondTab.cookies) firstTab.cookies.set(name, value);
      }
    });
  },
  { BASE_URL: OPEN_ID_PORTAL },
);

/** Where the sign-in page of a tab leads to. */
function decodedReturn({ page }: Person): string {
  return new URL(page.path, OPEN_ID_PORTAL).searchParams.values().next().value ?? '/';
}
