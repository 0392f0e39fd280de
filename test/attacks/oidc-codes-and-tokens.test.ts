import assert from 'node:assert/strict';
import * as client from 'openid-client';
import { minutes } from '../../src/kernel/time.ts';
import type { Person } from '../support/person.ts';
import { groupWith, siteRuleIs } from '../support/policies.ts';
import { OPERATOR, onPortal } from '../support/portal.ts';
import { asks, type Begun, OPEN_ID_PORTAL, RelyingParty } from '../support/relying-party.ts';
import { signsIn } from '../support/steps.ts';
import { newEmail } from '../support/victim.ts';

onPortal(
  'A stolen code or token of OpenID Connect',
  (portal) => {
    beforeEach(() => siteRuleIs(portal(), { rule: 'optional' }));

    async function newPerson() {
      const account = await portal().account(newEmail('ann'));
      const person = await signsIn(portal(), account.email, { origin: OPEN_ID_PORTAL });
      return { account, person };
    }

    /** A code that a person has got for an app, and what its app would send for it. */
    async function codeFor(
      party: RelyingParty,
      person: Person,
      parameters?: Readonly<Record<string, string>>,
    ) {
      const begun = await party.begins(parameters);
      const callback = party.callbackOf(await person.visits(begun.url));
      const code = new URL(callback).searchParams.get('code') ?? '';
      return { begun, callback, fields: fieldsFor(party, begun, code) };
    }

    const fieldsFor = (party: RelyingParty, { verifier }: Begun, code: string) => ({
      grant_type: 'authorization_code',
      code,
      redirect_uri: party.callback,
      code_verifier: verifier,
    });

    const works = async (token: string) => {
      const headers = { Authorization: `Bearer ${token}` };
      return (await asks(portal(), { method: 'GET', path: '/oidc/userinfo', headers })).status === 200;
    };

    it('is worth nothing a second time, and then what was got by it is worth nothing either', async () => {
      const party = await RelyingParty.of(portal(), { client: { mayRefresh: true } });
      const { person } = await newPerson();
      const { fields } = await codeFor(party, person, { scope: 'openid offline_access' });
      const first = await party.asksForTokens(fields);
      assert.equal(first.status, 200, first.text);
      assert.ok(await works(String(first.body['access_token'])));
      const second = await party.asksForTokens(fields);
      assert.deepEqual([second.status, second.body['error']], [400, 'invalid_grant']);
      assert.ok(!(await works(String(first.body['access_token']))));
      const refresh = { grant_type: 'refresh_token', refresh_token: String(first.body['refresh_token']) };
      assert.equal((await party.asksForTokens(refresh)).body['error'], 'invalid_grant');
    });

    it('is redeemed once by twenty requests at the same moment', async () => {
      const party = await RelyingParty.of(portal());
      const { fields } = await codeFor(party, (await newPerson()).person);
      const answers = await Promise.all(Array.from({ length: 20 }, () => party.asksForTokens(fields)));
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
      assert.ok(answers.every(({ status, body }) => status === 200 || body['error'] === 'invalid_grant'));
      for (const { body } of answers) assert.ok(!(await works(String(body['access_token']))));
    });

    it('is renewed once by twenty requests at the same moment, and a reused refresh token ends all of it', async () => {
      const party = await RelyingParty.of(portal(), { client: { mayRefresh: true } });
      const { person } = await newPerson();
      const tokens = await party.signsIn(person, { scope: 'openid offline_access' });
      const fields = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' };
      const answers = await Promise.all(Array.from({ length: 20 }, () => party.asksForTokens(fields)));
      const [renewed, another] = answers.filter(({ status }) => status === 200);
      assert.ok(renewed && !another);
      assert.ok(!(await works(tokens.access_token)));
      assert.ok(!(await works(String(renewed.body['access_token']))));
      const next = { ...fields, refresh_token: String(renewed.body['refresh_token']) };
      assert.equal((await party.asksForTokens(next)).body['error'], 'invalid_grant');
    });

    it('is worth nothing to another app, and its own app can still use it', async () => {
      const settings = { client: { mayRefresh: true } };
      const [party, thief] = [
        await RelyingParty.of(portal(), settings),
        await RelyingParty.of(portal(), settings),
      ];
      const { person } = await newPerson();
      const { fields } = await codeFor(party, person, { scope: 'openid offline_access' });
      assert.equal((await thief.asksForTokens(fields)).body['error'], 'invalid_grant');
      const stolen = { ...fields, redirect_uri: thief.callback };
      assert.equal((await thief.asksForTokens(stolen)).body['error'], 'invalid_grant');
      const { body, status } = await party.asksForTokens(fields);
      assert.equal(status, 200);
      const refresh = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) };
      assert.equal((await thief.asksForTokens(refresh)).body['error'], 'invalid_grant');
      await client.tokenRevocation(thief.config, String(body['access_token']));
      assert.ok(await works(String(body['access_token'])));
      assert.equal((await party.asksForTokens(refresh)).status, 200);
    });

    it('is worth nothing with another redirect URI, another verifier or none', async () => {
      const party = await RelyingParty.of(portal());
      const { person } = await newPerson();
      const wrong: readonly ((
        fields: Readonly<Record<string, string>>,
      ) => Readonly<Record<string, string>>)[] = [
        (fields) => ({ ...fields, redirect_uri: `${party.callback}/` }),
        ({ redirect_uri: _none, ...fields }) => fields,
        (fields) => ({ ...fields, code_verifier: 'x'.repeat(43) }),
        ({ code_verifier: _none, ...fields }) => fields,
      ];
      for (const change of wrong) {
        const { fields } = await codeFor(party, person);
        const { status, body } = await party.asksForTokens(change(fields));
        assert.equal(status, 400);
        assert.match(String(body['error']), /^invalid_(?:grant|request)$/);
      }
    });

    it('is worth nothing with a verifier where the request had no challenge (downgrade)', async () => {
      const party = await RelyingParty.of(portal(), { client: { requiresPkce: false } });
      const { person } = await newPerson();
      const url = new URL((await party.begins()).url);
      url.searchParams.delete('code_challenge');
      url.searchParams.delete('code_challenge_method');
      const callback = party.callbackOf(await person.visits(url.href));
      const code = new URL(callback).searchParams.get('code') ?? '';
      const fields = { grant_type: 'authorization_code', code, redirect_uri: party.callback };
      const injected = await party.asksForTokens({ ...fields, code_verifier: 'x'.repeat(43) });
      assert.equal(injected.body['error'], 'invalid_grant');
    });

    it('refuses a challenge that is no S256', async () => {
      const party = await RelyingParty.of(portal());
      const { person } = await newPerson();
      for (const method of ['plain', 'S512', '']) {
        const begun = await party.begins({ code_challenge_method: method });
        const page = await person.visits(begun.url);
        assert.equal(new URL(page.headers['location'] ?? '').searchParams.get('error'), 'invalid_request');
      }
    });

    const ENDS: readonly [string, (who: Awaited<ReturnType<typeof newPerson>>) => Promise<unknown>][] = [
      [
        'the person has signed out',
        async ({ person }) => {
          await person.visits('/');
          await person.presses('Sign out');
        },
      ],
      [
        'the account was disabled',
        ({ account }) => portal().services.administration.disable(account, OPERATOR),
      ],
      [
        'an administrator has ended all sessions',
        ({ account }) => portal().services.administration.endSessions(account, OPERATOR),
      ],
      ['the sign-in has idled', async () => portal().wait(minutes(61))],
      ['2FA has become mandatory', async () => siteRuleIs(portal(), { rule: 'mandatory' })],
    ];
    for (const [title, end] of ENDS) {
      it(`is worth nothing once ${title}: code, access token and refresh token`, async () => {
        const party = await RelyingParty.of(portal(), { client: { mayRefresh: true } });
        const who = await newPerson();
        const tokens = await party.signsIn(who.person, { scope: 'openid offline_access' });
        const { fields } = await codeFor(party, who.person);
        await end(who);
        assert.ok(!(await works(tokens.access_token)));
        const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' };
        assert.equal((await party.asksForTokens(refresh)).body['error'], 'invalid_grant');
        assert.equal((await party.asksForTokens(fields)).body['error'], 'invalid_grant');
      });
    }

    it('is worth nothing once the person has left the app’s group, or the app is gone', async () => {
      const who = await newPerson();
      const { groups, apps } = portal().services;
      const staff = await groupWith(portal(), { rule: 'off' }, [who.account]);
      const party = await RelyingParty.of(portal(), { audience: [staff.id] });
      const tokens = await party.signsIn(who.person);
      assert.ok(await works(tokens.access_token));
      await groups.drop(staff, who.account, OPERATOR);
      assert.ok(!(await works(tokens.access_token)));
      await groups.add(staff, who.account, OPERATOR);
      assert.ok(await works(tokens.access_token));
      await apps.remove(party.app, OPERATOR);
      assert.ok(!(await works(tokens.access_token)));
    });

    it('keeps its sign-in from idling while it is used', async () => {
      const party = await RelyingParty.of(portal(), { client: { mayRefresh: true } });
      const { person } = await newPerson();
      let tokens: { readonly refresh_token?: string } = await party.signsIn(person, {
        scope: 'openid offline_access',
      });
      for (let times = 0; times < 3; times++) {
        portal().wait(minutes(50));
        tokens = await client.refreshTokenGrant(party.config, tokens.refresh_token ?? '');
      }
      assert.ok(tokens.refresh_token);
    });

    it('ends with the sign-in’s twenty-four hours, however often it is renewed', async () => {
      const party = await RelyingParty.of(portal(), { client: { mayRefresh: true } });
      const { person } = await newPerson();
      let tokens: { readonly refresh_token?: string } = await party.signsIn(person, {
        scope: 'openid offline_access',
      });
      const renew = async () => {
        tokens = await client.refreshTokenGrant(party.config, tokens.refresh_token ?? '');
      };
      for (let times = 0; times < 28; times++) {
        portal().wait(minutes(50));
        await renew();
      }
      portal().wait(minutes(50));
      await assert.rejects(renew(), { error: 'invalid_grant' });
    });

    it('is nowhere in the database or the log', async () => {
      const party = await RelyingParty.of(portal(), { client: { mayRefresh: true } });
      const { person } = await newPerson();
      const { fields, begun, callback } = await codeFor(party, person, { scope: 'openid offline_access' });
      await party.asksForTokens({ ...fields, client_secret: 'typed-wrongly', client_id: party.app.id }, {});
      const tokens = await party.exchanges(callback, begun);
      const secrets = [
        fields.code,
        tokens.access_token,
        tokens.refresh_token ?? '',
        party.secret,
        'typed-wrongly',
      ];
      for (const secret of secrets) assert.ok(!portal().log().includes(secret), secret);
    });
  },
  { BASE_URL: OPEN_ID_PORTAL },
);
