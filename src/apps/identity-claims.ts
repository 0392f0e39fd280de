import type { Visitor } from './access.ts';
import type { OidcApp } from './app.ts';
import { SCOPES, type Scope } from './scopes.ts';

/** The claims that each scope gives (OpenID Connect Core 1.0 §5.4). */
export const CLAIMS_OF_SCOPE = {
  openid: [],
  email: ['email', 'email_verified'],
  profile: ['name', 'preferred_username', 'locale'],
  groups: ['groups'],
  offline_access: [],
} as const satisfies Readonly<Record<Scope, readonly string[]>>;

/** The scopes that would give these claims; claims that no scope gives are left out. */
export function scopesOf(claims: readonly string[]): readonly Scope[] {
  return SCOPES.filter((scope) => claims.some((claim) => givenBy(scope).includes(claim)));
}

function givenBy(scope: Scope): readonly string[] {
  return CLAIMS_OF_SCOPE[scope];
}

/** What a client may learn about a person. What is unknown is undefined, and then no claim. */
export interface IdentityClaims {
  readonly email: string;
  /** Only what was shown counts: apps link accounts by address if this is true, and some also if it is missing. */
  readonly email_verified: boolean;
  readonly name: string;
  readonly preferred_username: string;
  readonly locale: string | undefined;
  /** By name, in their order; only those that the app's settings name. */
  readonly groups: readonly string[];
}

export function identityClaims(
  { client: { toldGroups } }: Pick<OidcApp, 'client'>,
  { account, groups }: Pick<Visitor, 'account' | 'groups'>,
): IdentityClaims {
  return {
    email: account.email,
    email_verified: account.emailConfirmedAt !== null,
    name: account.name.toWellFormed(),
    preferred_username: account.email,
    locale: account.locale ?? undefined,
    groups: groups.filter(({ id }) => toldGroups.includes(id)).map(({ name }) => name.toWellFormed()),
  };
}
