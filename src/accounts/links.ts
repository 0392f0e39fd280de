import { createHash } from 'node:crypto';
import { newId, newToken } from '../identifiers.ts';
import { type Clock, days, hours, type Instant } from '../time.ts';

/** What a mailed (or logged) one-time link is for, and how long it lives. */
export const LINK_LIFETIME = {
  setup: days(7),
  invitation: days(7),
  'password reset': hours(1),
  'sign-up': days(1),
  'cancel request': days(30),
} as const;

export type LinkPurpose = keyof typeof LINK_LIFETIME;

export interface Link {
  readonly id: string;
  readonly purpose: LinkPurpose;
  readonly accountId: string | null;
  /** For a sign-up: whom the account will belong to. */
  readonly email: string | null;
  readonly name: string | null;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
}

export interface LinkStore {
  /** Keeps the link and drops earlier ones of the same purpose for the same account or address. */
  replace(link: Link, tokenHash: string): Promise<void>;
  findLive(purpose: LinkPurpose, tokenHash: string, now: Instant): Promise<Link | undefined>;
  /** Whether the account has a link for this that nobody has used yet. */
  hasLive(purpose: LinkPurpose, accountId: string, now: Instant): Promise<boolean>;
  /** True for the one request that used the link up. */
  spend(id: string, now: Instant): Promise<boolean>;
  /**
   * Drops every live link of the account (its password changed, it was disabled, …), but for those that only cancel:
   * whoever changed the password first, as they were told to, still has to be able to stop the thief's request.
   */
  dropFor(accountId: string): Promise<void>;
}

/** One-time links. Only a hash is stored: who reads the database can open nothing (ASVS 6.4.1, 11.5.1). */
export class Links {
  readonly #store: LinkStore;
  readonly #clock: Clock;

  constructor(store: LinkStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Makes a link and returns the token that opens it. */
  async issue(
    purpose: LinkPurpose,
    to: { accountId?: string; email?: string; name?: string },
  ): Promise<string> {
    const now = this.#clock();
    const token = newToken();
    const link: Link = {
      id: newId(now),
      purpose,
      accountId: to.accountId ?? null,
      email: to.email ?? null,
      name: to.name ?? null,
      createdAt: now,
      expiresAt: now + LINK_LIFETIME[purpose],
    };
    await this.#store.replace(link, hashToken(token));
    return token;
  }

  /** Looks at a link without using it up: undefined when it never was, is used, replaced or too old. */
  async look(purpose: LinkPurpose, token: string): Promise<Link | undefined> {
    return this.#store.findLive(purpose, hashToken(token), this.#clock());
  }

  /** Whether the account has a link for this that can still be used. */
  async isOpen(purpose: LinkPurpose, accountId: string): Promise<boolean> {
    return this.#store.hasLive(purpose, accountId, this.#clock());
  }

  /** Uses a link up. True for one caller only. */
  async spend(link: Link): Promise<boolean> {
    return this.#store.spend(link.id, this.#clock());
  }

  async dropFor(accountId: string): Promise<void> {
    await this.#store.dropFor(accountId);
  }
}

/** The token has 160 random bits, so a plain fast hash cannot be searched backwards. */
function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
