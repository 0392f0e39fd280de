import type { App } from './app.ts';

/** The scopes of OpenID Connect that Postern knows (OpenID Connect Core §5.4, §11); "groups": the names of groups. */
export const SCOPES = ['openid', 'profile', 'email', 'groups', 'offline_access'] as const;
export type Scope = (typeof SCOPES)[number];

/**
 * What an app is told about a person, or allowed to do. "id": of the account. "groups": those that the app's settings name.
 * "renewal": it may renew a sign-in without asking the person, until the sign-in to Postern ends.
 */
export const DISCLOSURES = ['id', 'name', 'email', 'groups', 'renewal'] as const;
export type Disclosure = (typeof DISCLOSURES)[number];

/** `preferred_username`, in the scope "profile", is the address. */
const OF_SCOPE: Readonly<Record<Scope, readonly Disclosure[]>> = {
  openid: ['id'],
  profile: ['name', 'email'],
  email: ['email'],
  groups: ['groups'],
  offline_access: ['renewal'],
};

/**
 * What an app is told if it is given these scopes, in the order of `DISCLOSURES`. Apps of other kinds have no scopes: they are
 * always told the same.
 */
export function disclosedTo(app: App, scopes: readonly string[] = SCOPES): readonly Disclosure[] {
  const told = disclosuresOf(app, scopes);
  return DISCLOSURES.filter((disclosure) => told.has(disclosure));
}

function disclosuresOf(app: App, scopes: readonly string[]): Set<Disclosure> {
  if (app.kind === 'host') {
    return new Set(['name', 'email', 'groups', ...(app.remoteUser === 'id' ? (['id'] as const) : [])]);
  }
  const told: Set<Disclosure> =
    app.kind === 'signed'
      ? new Set(['id', 'name', 'email', 'groups'])
      : new Set(SCOPES.filter((scope) => scopes.includes(scope)).flatMap((scope) => OF_SCOPE[scope]));
  const { toldGroups } = app.kind === 'signed' ? app.signed : app.client;
  if (toldGroups.length === 0) told.delete('groups');
  if (app.kind === 'oidc' && !app.client.mayRefresh) told.delete('renewal');
  return told;
}
