import { hashToken, newId, newToken } from '../kernel/identifiers.ts';
import { type Clock, days, hours, type Instant } from '../kernel/time.ts';
import { type Transaction, within } from '../kernel/transaction.ts';

/** Purposes of mailed (or logged) one-time links, with their lifetimes in milliseconds. */
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
  /** For a sign-up: address (and name, below) of the new account. */
  readonly email: string | null;
  readonly name: string | null;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
}

export interface LinkStore {
  /** Stores the link and deletes earlier ones of the same purpose for the same account or address. */
  replace(link: Link, tokenHash: string): Promise<void>;
  findLive(purpose: LinkPurpose, tokenHash: string, now: Instant): Promise<Link | undefined>;
  /** Whether the account has an unused, unexpired link of this purpose. */
  hasLive(purpose: LinkPurpose, accountId: string, now: Instant): Promise<boolean>;
  /** Uses the link up; true for one caller only. */
  spend(id: string, now: Instant): Promise<boolean>;
  /**
   * Deletes every live link of the account (its password changed, it was disabled, …), except links that only cancel a reset
   * request: a person who first changes the password, as the mail advises, must still be able to stop the thief's request.
   */
  dropFor(accountId: string): Promise<void>;
}

/** One-time links. Only a hash is stored: a reader of the database can open none of them (ASVS 6.4.1, 11.5.1). */
export class Links {
  readonly #store: LinkStore;
  readonly #clock: Clock;

  constructor(store: LinkStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  in(tx: Transaction): Links {
    return new Links(within(tx, this.#store), this.#clock);
  }

  /** Makes a link and returns its token. */
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

  /** Reads a link without using it up; undefined if it is unknown, used, replaced or expired. */
  async look(purpose: LinkPurpose, token: string): Promise<Link | undefined> {
    return this.#store.findLive(purpose, hashToken(token), this.#clock());
  }

  /** Whether the account has a usable link of this purpose. */
  async isOpen(purpose: LinkPurpose, accountId: string): Promise<boolean> {
    return this.#store.hasLive(purpose, accountId, this.#clock());
  }

  /** Uses the link up; true for one caller only. */
  async spend(link: Link): Promise<boolean> {
    return this.#store.spend(link.id, this.#clock());
  }

  async dropFor(accountId: string): Promise<void> {
    await this.#store.dropFor(accountId);
  }
}
