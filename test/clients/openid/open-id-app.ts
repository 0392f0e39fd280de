import assert from 'node:assert/strict';
import type { ProofDemand } from '../../../src/apps/app.ts';
import type { OidcAppInput } from '../../../src/apps/apps.ts';
import type { ClientAuthentication, IdTokenAlgorithm } from '../../../src/apps/oidc-client.ts';
import type { Group } from '../../../src/policy/group.ts';
import { OPERATOR } from '../../support/portal.ts';
import { type Apps, PORTAL, type Surroundings } from '../chain.ts';

/** Where an app finds everything else. */
export const ISSUER = `${PORTAL}/oidc`;

/** An app that signs people in by OpenID Connect with one of the libraries that apps use. */
export interface OpenIdClient {
  readonly name: string;
  /** A page that shows "User <email>" and "Name <name>" to people who are signed in, and leads others to the sign-in. */
  readonly url: string;
  readonly registration: Omit<OpenIdApp, 'name'>;
  /** The button that begins the sign-in, where a page of the app comes first. */
  readonly begins?: string;
  /** The address at the app that signs people out, whether the portal asks first, and where they come to afterwards. */
  readonly signOut: { readonly url: string; readonly asks: boolean; readonly arrives?: string };
  /** It has back-channel logout. */
  readonly hearsOfSignOuts?: boolean;
  start(surroundings: Surroundings, credentials: Credentials): Promise<Apps>;
}

/** What an administrator fills in for an app that speaks OpenID Connect. */
export interface OpenIdApp {
  readonly name: string;
  readonly redirectUris: readonly string[];
  readonly signedOutUris?: readonly string[];
  readonly backchannel?: string;
  readonly authentication?: ClientAuthentication;
  /** Whether a code needs PKCE; it does, unless it is waived. */
  readonly pkce?: boolean;
  readonly algorithm?: IdTokenAlgorithm;
  readonly mayRefresh?: boolean;
  readonly proof?: ProofDemand;
  /** Names of groups that it is told of. */
  readonly groups?: readonly string[];
}

/** What the administrator pastes into the app. */
export interface Credentials {
  readonly clientId: string;
  /** "" for a public client. */
  readonly clientSecret: string;
}

/** Connects an app, for everybody, who needs a second factor unless `proof` says something else. */
export async function registers({ administers }: Surroundings, app: OpenIdApp): Promise<Credentials> {
  return administers(async ({ apps, groups }) => {
    const told = (await groups.list()).filter(({ name }) => app.groups?.includes(name));
    const created = await apps.create(inputOf(app, told), OPERATOR);
    assert.equal(created.kind, 'created');
    return { clientId: created.app.id, clientSecret: created.secret ?? '' };
  });
}

function inputOf(app: OpenIdApp, told: readonly Group[]): OidcAppInput {
  const [first = ''] = app.redirectUris;
  return {
    kind: 'oidc',
    ...{ name: app.name, origin: new URL(first).origin, audience: 'everybody', proof: app.proof ?? 'strong' },
    ...{ freshMinutes: null, confirmsEmail: false },
    client: {
      redirectUris: [...app.redirectUris],
      postLogoutUris: [...(app.signedOutUris ?? [])],
      backchannelLogoutUri: app.backchannel ?? null,
      authentication: app.authentication ?? 'basic',
      requiresPkce: app.pkce ?? true,
      idTokenAlgorithm: app.algorithm ?? 'RS256',
      asksConsent: false,
      mayRefresh: app.mayRefresh ?? false,
      mayFormPost: false,
      toldGroups: told.map(({ id }) => id),
      startUrl: null,
    },
  };
}

export function escaped(shown: string): string {
  return shown.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
