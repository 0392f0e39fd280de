import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import type { App, HostApp } from '../../src/apps/app.ts';
import type { HostAppInput } from '../../src/apps/apps.ts';
import type { Environment } from '../../src/boot/environment.ts';
import type { Factor } from '../../src/sign-in/assurance.ts';
import { type GuardAnswer, GuardClient, HostCookies, type SentHeaders } from './guard-client.ts';
import { OPERATOR, openPortal, type TestPortal } from './portal.ts';

export const PORTAL_URL = 'https://account.example.org';
export const WIKI_URL = 'https://wiki.example.org';
export const DESK_URL = 'https://desk.example.com';

/** Both endpoints of the guard, for what is true for either. */
export const CHECKS = ['authRequest', 'forwardAuth'] as const;

export interface GuardedApps {
  readonly portal: TestPortal;
  /** A proxy in GUARD_PROXIES. */
  readonly client: GuardClient;
  readonly wiki: HostApp;
  /** On another domain. */
  readonly desk: HostApp;
  readonly close: () => Promise<void>;
}

/** A portal with two apps, open to everybody who is signed in. */
export async function openGuardedApps(environment: Environment = {}): Promise<GuardedApps> {
  const portal = await openPortal('database', {
    BASE_URL: PORTAL_URL,
    GUARD_PROXIES: '127.0.0.1',
    TRUST_PROXY: 'loopback',
    ...environment,
  });
  const client = await GuardClient.open(portal.site);
  return {
    ...{ portal, client },
    wiki: await newApp(portal, { name: 'Wiki', origin: WIKI_URL }),
    desk: await newApp(portal, { name: 'Desk', origin: DESK_URL }),
    async close() {
      await client.close();
      await portal.close();
    },
  };
}

/** Describes tests on apps of their own. `apps()` are open during the tests. */
export function onGuardedApps(
  title: string,
  suite: (apps: () => GuardedApps) => void,
  environment?: Environment,
) {
  describe(title, () => {
    let apps: GuardedApps | undefined;
    before(async () => {
      apps = await openGuardedApps(environment);
    });
    after(() => apps?.close());
    suite(() => {
      if (!apps) throw new Error('The apps are open during the tests only.');
      return apps;
    });
  });
}

export async function newApp(
  { services }: TestPortal,
  input: Pick<HostAppInput, 'name' | 'origin'> & Partial<HostAppInput>,
): Promise<HostApp> {
  const open = { audience: 'everybody', proof: 'none', freshMinutes: null, confirmsEmail: false } as const;
  const created = await services.apps.create(
    { ...open, remoteUser: 'email', ...input, kind: 'host' },
    OPERATOR,
  );
  assert.ok(created.kind === 'created' && created.app.kind === 'host', JSON.stringify(created));
  return created.app;
}

/** A sign-in to the portal, as its completion begins it; returns its id. */
export async function newSignIn(
  { services, now }: TestPortal,
  account: Account,
  ...factors: readonly Factor[]
): Promise<string> {
  const assurance = ['password' as const, ...factors].map((factor) => ({ factor, at: now() }));
  return services.signIns.begin(account, OPERATOR.origin, assurance);
}

/** A browser that has started at an app, with the hash of its nonce. */
export interface Started {
  readonly cookies: HostCookies;
  readonly nonceHash: string;
}

/** Follows `/.postern/start/` of the app. */
export async function startsAt({ client }: GuardedApps, app: App, path = '/page'): Promise<Started> {
  const cookies = new HostCookies();
  const answer = await client.passedOn(`${app.origin}/.postern/start${path}`);
  assert.equal(answer.status, 303, answer.text);
  cookies.keep(answer);
  const nonceHash = new URL(answer.headers.location ?? '').searchParams.get('nonce') ?? '';
  return { cookies, nonceHash };
}

/** What the portal does for a person who may use the app: issues the code. */
export async function codeFor(
  { portal }: GuardedApps,
  handOver: {
    readonly app: App;
    readonly account: Account;
    readonly signInId: string;
    readonly nonceHash: string;
  },
  path = '/page',
): Promise<string> {
  const { app, account, signInId, nonceHash } = handOver;
  return portal.services.handOvers.issue({ app, accountId: account.id, signInId, nonceHash, path });
}

export function finishesAt(
  { client }: GuardedApps,
  app: App,
  code: string,
  { header }: HostCookies,
): Promise<GuardAnswer> {
  return client.passedOn(`${app.origin}/.postern/finish?code=${code}`, { Cookie: header });
}

/** A browser that is signed in to an app. */
export interface AppUser {
  readonly account: Account;
  readonly signInId: string;
  readonly cookies: HostCookies;
  /** The status and the `Remote-User` of a check by each endpoint, which have to agree. */
  readonly check: (path?: string, headers?: SentHeaders) => Promise<GuardAnswer>;
  /** The same with nginx's endpoint. */
  readonly checkByNginx: (path?: string, headers?: SentHeaders) => Promise<GuardAnswer>;
}

let people = 0;

/** A new person who signs in to the portal and goes to the app. */
export async function newUserOf(
  apps: GuardedApps,
  app: App,
  {
    factors = [],
    name = 'Ann Example',
  }: { readonly factors?: readonly Factor[]; readonly name?: string } = {},
): Promise<AppUser> {
  people += 1;
  const account = await apps.portal.account(`ann${people}@example.org`, 'member', name);
  const signInId = await newSignIn(apps.portal, account, ...factors);
  return userOf(apps, app, account, signInId);
}

export async function userOf(
  apps: GuardedApps,
  app: App,
  account: Account,
  signInId: string,
): Promise<AppUser> {
  const { cookies, nonceHash } = await startsAt(apps, app);
  const code = await codeFor(apps, { app, account, signInId, nonceHash });
  const answer = await finishesAt(apps, app, code, cookies);
  assert.equal(answer.headers.location, `${app.origin}/page`, answer.text);
  cookies.keep(answer);
  const sent = (headers: SentHeaders) => ({ Cookie: cookies.header, ...headers });
  return {
    ...{ account, signInId, cookies },
    check: (path = '/', headers = {}) => apps.client.forwardAuth(`${app.origin}${path}`, sent(headers)),
    checkByNginx: (path = '/', headers = {}) =>
      apps.client.authRequest(`${app.origin}${path}`, sent(headers)),
  };
}
