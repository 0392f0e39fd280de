import { loadWords } from '../../../src/kernel/i18n.ts';
import { CREATION_TIMEOUT, type Engine } from '../../support/databases.ts';
import { until } from '../../support/until.ts';
import { Chain, GROUP, type Member, PORTAL } from '../chain.ts';
import { EchoApp } from '../echo-app.ts';
import { WIKI, WIKI_HOST } from '../names.ts';
import { signsInByPages } from '../steps.ts';
import { Visitor } from '../visitor.ts';
import { ISSUER, type OpenIdApp, registers } from './open-id-app.ts';
import { portalFetch } from './portal-fetch.ts';
import { CALLBACK, RelyingParty } from './relying-party.ts';
import { TLS_FRONT } from './tls-front.ts';

/** A group of the same person that no app is told of. */
export const SECRET_GROUP = 'Whistleblowers';

const APPS = {
  /** As most apps are. */
  basic: { authentication: 'basic', mayRefresh: true, groups: [GROUP] },
  post: { authentication: 'post' },
  /** A public client, which has no secret. */
  none: { authentication: 'none', mayRefresh: true },
  /** Its library does not know PKCE. */
  waived: { pkce: false },
  elliptic: { algorithm: 'ES256' },
  /** Asks for nothing but a password. */
  modest: { proof: 'none' },
} as const satisfies Readonly<Record<string, Partial<OpenIdApp>>>;

type AppName = keyof typeof APPS;

/** The portal, apps by openid-client, and somebody who is signed in. */
export interface OpenIdSite {
  readonly chain: Chain;
  /** Signed in with password and app, in `visitor`. */
  readonly ann: Member;
  readonly visitor: Visitor;
  readonly apps: Readonly<Record<AppName, RelyingParty>>;
  /** Somebody new, who signs in on the way to an app. */
  signsInOnTheWay(member: Member, app?: AppName): Promise<Visitor>;
}

const words = loadWords().for('en');

/** Within a `describe`: starts it once for all of its tests. */
export function useOpenIdSite(engine: Engine): () => OpenIdSite {
  let site: OpenIdSite | undefined;
  let chain: Chain | undefined;
  before(async function () {
    this.timeout(CREATION_TIMEOUT);
    const credentials = new Map<AppName, Awaited<ReturnType<typeof registers>>>();
    chain = await Chain.open(TLS_FRONT, engine, async (surroundings) => {
      for (const name of [GROUP, SECRET_GROUP]) await surroundings.operator(['group', 'create', name]);
      for (const name of appNames()) {
        const app = { name, redirectUris: [CALLBACK], signedOutUris: [`${WIKI}/left`], ...APPS[name] };
        credentials.set(name, await registers(surroundings, app));
      }
      // Pages of the app that people come back to.
      const echo = await EchoApp.open();
      return { apps: [{ host: WIKI_HOST, address: echo.address }], close: () => echo.close() };
    });
    site = await openSite(chain, credentials);
  });
  after(() => chain?.close());
  return () => {
    if (!site) throw new Error('The site opens before the tests, not before their descriptions.');
    return site;
  };
}

async function openSite(
  chain: Chain,
  credentials: ReadonlyMap<AppName, Awaited<ReturnType<typeof registers>>>,
): Promise<OpenIdSite> {
  await until('the provider answers', async () => {
    const metadata = await portalFetch(chain)(`${ISSUER}/.well-known/openid-configuration`);
    return metadata.ok || undefined;
  });
  const parties = appNames().map(async (name) => {
    const own = credentials.get(name) ?? { clientId: '', clientSecret: '' };
    const { authentication }: Partial<OpenIdApp> = APPS[name];
    return [name, await RelyingParty.discovers(chain, own, authentication)] as const;
  });
  const apps = Object.fromEntries(await Promise.all(parties)) as OpenIdSite['apps'];
  const ann = await chain.member();
  for (const name of [GROUP, SECRET_GROUP]) await chain.operator(['group', 'add', name, ann.email]);
  async function signsInOnTheWay(member: Member, app: AppName = 'basic') {
    const visitor = new Visitor(chain);
    await visitor.visits((await apps[app].asks()).url);
    await signsInByPages(visitor, member, words);
    return visitor;
  }
  return { chain, ann, apps, visitor: await signsInOnTheWay(ann), signsInOnTheWay };
}

function appNames(): AppName[] {
  return Object.keys(APPS) as AppName[];
}

/** The answer that an app gets at its callback. */
export function answerAt(visitor: Visitor): URLSearchParams {
  const { origin, pathname, searchParams } = new URL(visitor.url);
  if (`${origin}${pathname}` !== CALLBACK) throw new Error(`${visitor.url}: ${visitor.page.text}`);
  return searchParams;
}

/** Whether a page of the portal's own is open, so that the app has got no answer. */
export function isAtPortal(visitor: Visitor): boolean {
  return new URL(visitor.url).origin === PORTAL;
}
