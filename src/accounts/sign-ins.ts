import type { Actor, Audit, Origin } from '../audit/audit.ts';
import { newId } from '../kernel/identifiers.ts';
import { type Clock, hours, type Instant, minutes } from '../kernel/time.ts';
import { bind, type Transact, type Transaction } from '../kernel/transaction.ts';
import type { Account } from './account.ts';

/** The trusted browser that replaced the code of a sign-in. */
export interface SignInTrust {
  readonly browserId: string;
  /** The present basis of the trust; null if the browser is no longer trusted. */
  readonly basis: string | null;
}

/** A factor that was proven in a sign-in, and when. For the values of `factor` see `sign-in/assurance.ts`. */
export interface RecordedProof {
  readonly factor: string;
  readonly at: Instant;
}

/** A browser in which the account is signed in. */
export interface SignIn {
  readonly id: string;
  readonly accountId: string;
  /** The session epoch in which it began. */
  readonly epoch: number;
  readonly browser: string;
  readonly address: string;
  readonly startedAt: Instant;
  readonly lastSeenAt: Instant;
  readonly endedAt: Instant | null;
  /** Null if every required factor was proven. */
  readonly trust: SignInTrust | null;
  /** The proven factors, oldest first; empty for a sign-in from before they were recorded. */
  readonly assurance: readonly RecordedProof[];
}

/** A new sign-in; `trustedBrowserId`: the trusted browser that replaced its code. */
export type NewSignIn = Omit<SignIn, 'trust' | 'endedAt'> & { readonly trustedBrowserId: string | null };

/** Storage of sign-ins. */
export interface SignInStore {
  create(signIn: NewSignIn): Promise<void>;
  /** The account's sign-ins that were not ended, newest first. */
  open(accountId: string): Promise<readonly SignIn[]>;
  touch(id: string, at: Instant): Promise<void>;
  /** Replaces the proven factors. `leavesTrust`: from now on the sign-in does not end with the trust in its browser. */
  prove(id: string, assurance: readonly RecordedProof[], leavesTrust: boolean): Promise<void>;
  /** False if it does not exist, has ended, or is another account's. */
  end(accountId: string, id: string, at: Instant): Promise<boolean>;
  /** Ends the account's other sign-ins; returns how many. */
  endOthers(accountId: string, exceptId: string, at: Instant): Promise<number>;
}

/** A session ends after this time without a request, in milliseconds (NIST SP 800-63B-4 §2.2.3). */
export const IDLE_LIMIT = hours(1);
/** A sign-in ends after this time even if it is in use, in milliseconds (NIST SP 800-63B-4 §2.2.3). */
export const ABSOLUTE_LIMIT = hours(24);

/** Precision of "last seen", in milliseconds: it is not written with every request. */
const SEEN_EVERY = minutes(5);

/** How far the clocks of two instances may differ. */
const CLOCKS_DIFFER = hours(1);

/** Whether the sign-in is this account's and was not ended. */
export function isOpenFor({ id }: Account, { accountId, endedAt }: SignIn): boolean {
  return accountId === id && endedAt === null;
}

/**
 * Whether a sign-in is over because it was not seen for too long, or began too long ago. For what has no session, whose store
 * would end it. A beginning in the future, by more than clocks differ, is none.
 */
export function isOver({ startedAt, lastSeenAt }: SignIn, now: Instant): boolean {
  const isStale = now - lastSeenAt >= IDLE_LIMIT || now - startedAt >= ABSOLUTE_LIMIT;
  return isStale || startedAt - now > CLOCKS_DIFFER;
}

interface SignInServices {
  readonly store: SignInStore;
  readonly audit: Audit;
  readonly transaction: Transact;
  readonly clock: Clock;
}

/** The sign-ins of accounts. A session with an ended sign-in is refused, whatever the session store. */
export class SignIns {
  readonly #services: SignInServices;

  constructor(services: SignInServices) {
    this.#services = services;
  }

  in(tx: Transaction): SignIns {
    return new SignIns(bind(this.#services, tx));
  }

  /**
   * Begins a sign-in; returns its id, for the session. `trustedBrowserId`: the trusted browser that replaced the code; the
   * sign-in ends with that trust.
   */
  async begin(
    account: Account,
    { browser, address }: Origin,
    assurance: readonly RecordedProof[],
    trustedBrowserId: string | null = null,
  ): Promise<string> {
    const now = this.#services.clock();
    const id = newId(now);
    const { id: accountId, sessionEpoch: epoch } = account;
    const what = { id, accountId, epoch, browser, address, assurance, trustedBrowserId };
    await this.#services.store.create({ ...what, startedAt: now, lastSeenAt: now });
    return id;
  }

  /** See `SignInStore.prove`. */
  async prove(id: string, assurance: readonly RecordedProof[], leavesTrust: boolean): Promise<void> {
    await this.#services.store.prove(id, assurance, leavesTrust);
  }

  /** Whether a session with this sign-in may continue; updates "last seen". */
  async isOpen(account: Account, signIn: SignIn | undefined): Promise<boolean> {
    if (!signIn || !isOpenFor(account, signIn)) return false;
    await this.recordUse(signIn);
    return true;
  }

  /** Updates "last seen", if that is `precision` milliseconds old. */
  async recordUse({ id, lastSeenAt }: SignIn, precision = SEEN_EVERY): Promise<void> {
    const { store, clock } = this.#services;
    const now = clock();
    if (now - lastSeenAt >= precision) await store.touch(id, now);
  }

  /** The account's open sign-ins, without those that were not seen for `idle` milliseconds. */
  async of(account: Account, idle = IDLE_LIMIT): Promise<readonly SignIn[]> {
    const open = await this.#services.store.open(account.id);
    const since = this.#services.clock() - idle - SEEN_EVERY;
    return open.filter(({ epoch, lastSeenAt }) => epoch === account.sessionEpoch && lastSeenAt > since);
  }

  /** False if it does not exist, has ended, or is another account's. */
  async end(account: Account, id: string, actor: Actor): Promise<boolean> {
    const { transaction } = this.#services;
    return transaction(this.#services, async ({ store, audit, clock }) => {
      if (!(await store.end(account.id, id, clock()))) return false;
      await audit.record('session.ended', actor);
      return true;
    });
  }

  /** Returns how many were ended. */
  async endOthers(account: Account, exceptId: string, actor: Actor): Promise<number> {
    const { transaction } = this.#services;
    return transaction(this.#services, async ({ store, audit, clock }) => {
      const count = await store.endOthers(account.id, exceptId, clock());
      await audit.record('session.ended', actor, actor.party, { sessions: String(count) });
      return count;
    });
  }

  /** The person signs out. `id`: undefined if the sign-in was still pending. */
  async signOut(account: Account, id: string | undefined, actor: Actor): Promise<void> {
    const { transaction } = this.#services;
    await transaction(this.#services, async ({ store, audit, clock }) => {
      if (id !== undefined) await store.end(account.id, id, clock());
      await audit.record('sign-out', actor);
    });
  }
}
