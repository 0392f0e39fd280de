import type { Sealed } from '../kernel/keyring.ts';
import type { Instant } from '../kernel/time.ts';

/** What the OpenID Connect provider keeps: a code, a token, a grant, or a request under way. */
export interface OidcModel {
  /** Its class in the provider: "AuthorizationCode", "Grant". */
  readonly type: string;
  /** The hash of the code, token or id. */
  readonly idHash: string;
  /** What it says, as JSON, sealed for this row. */
  readonly sealed: Sealed;
  /** The hash of the grant that it belongs to. */
  readonly grantHash: string | null;
  readonly appId: string | null;
  readonly accountId: string | null;
  /** The sign-in to Postern that it rests on. */
  readonly signInId: string | null;
  readonly expiresAt: Instant;
  /** When it was used, for what is used once. */
  readonly consumedAt: Instant | null;
}

/** Storage of what the OpenID Connect provider keeps. */
export interface OidcModelStore {
  /** Creates it, or replaces what it says and when it expires. What was consumed stays consumed. */
  save(model: OidcModel): Promise<void>;
  /** Undefined if it does not exist, or has expired. */
  find(type: string, idHash: string, now: Instant): Promise<OidcModel | undefined>;
  /** Of many calls at once, one gets true. */
  consume(type: string, idHash: string, now: Instant): Promise<boolean>;
  remove(type: string, idHash: string): Promise<void>;
  /** Removes the grant with all that belongs to it. `type`: only what is of this type. */
  revokeGrant(grantHash: string, type?: string): Promise<void>;
  /** Removes all that an app has got for an account. Part of `Grants`. */
  revoke(accountId: string, appId: string): Promise<void>;
}

/** Storage of requests under way, which nothing but their id leads to: they may be kept where sessions are. */
export type OidcInteractionStore = Pick<OidcModelStore, 'save' | 'find' | 'remove'>;

/** The row that its content is sealed for: in another one it does not open. */
export function contextOfModel({ type, idHash }: Pick<OidcModel, 'type' | 'idHash'>): string {
  return `oidc_models ${type} ${idHash}`;
}
