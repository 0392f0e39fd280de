import type { Instant } from '../kernel/time.ts';

export interface TrustedBrowser {
  readonly id: string;
  readonly accountId: string;
  readonly tokenHash: string;
  readonly basis: string;
  readonly browser: string;
  readonly address: string;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
}

export type TrustOf = { readonly accountId: string } | { readonly groupId: string };

/** The store of trusted browsers. */
export interface TrustedBrowserStore {
  of(accountId: string): Promise<readonly TrustedBrowser[]>;
  find(id: string): Promise<TrustedBrowser | undefined>;
  create(browser: TrustedBrowser): Promise<void>;
  /** Replaces the token; false if another request was quicker. */
  renew(id: string, from: string, to: string): Promise<boolean>;
  /** False if there was none (any more). */
  remove(accountId: string, id: string): Promise<boolean>;
  /** Ends the trust in all browsers: of everybody, of one account, or of the members of a group. */
  clear(whose?: TrustOf): Promise<void>;
}
