import type { Atomically } from '../atomically.ts';
import type { Actor, Audit, Origin } from '../audit/audit.ts';
import { newId } from '../identifiers.ts';
import { type Clock, hours, type Instant, minutes } from '../time.ts';
import type { Account } from './account.ts';
import type { Accounts } from './accounts.ts';

/** A browser in which the account is signed in. */
export interface SignIn {
  readonly id: string;
  readonly accountId: string;
  /** The session epoch it began in. */
  readonly epoch: number;
  readonly browser: string;
  readonly address: string;
  readonly startedAt: Instant;
  readonly lastSeenAt: Instant;
  readonly endedAt: Instant | null;
}

/** Where sign-ins are kept. */
export interface SignInStore {
  create(signIn: SignIn): Promise<void>;
  /** Those of the account that nobody has ended, newest first. */
  open(accountId: string): Promise<readonly SignIn[]>;
  touch(id: string, at: Instant): Promise<void>;
  /** False when it is not there, ended already, or another account's. */
  end(accountId: string, id: string, at: Instant): Promise<boolean>;
  /** Ends all of the account's but the given one; returns how many. */
  endOthers(accountId: string, exceptId: string, at: Instant): Promise<number>;
}

/** A session ends after so long without a request (NIST SP 800-63B-4 §2.2.3). */
export const IDLE_LIMIT = hours(1);
/** A sign-in ends after so long, however busy (the same). */
export const ABSOLUTE_LIMIT = hours(24);

/** "Last seen" is no more exact than this: not every request is worth a write. */
const SEEN_EVERY = minutes(5);

interface SignInServices {
  readonly store: SignInStore;
  readonly accounts: Pick<Accounts, 'recordSignIn'>;
  readonly audit: Audit;
  readonly atomically: Atomically;
  readonly clock: Clock;
}

/** Where a person is signed in. Whichever session store is in use, a sign-in that was ended lets nobody in. */
export class SignIns {
  readonly #services: SignInServices;

  constructor(services: SignInServices) {
    this.#services = services;
  }

  /** Everything that was asked for is proven: by which `factors`. Returns the id that the session carries. */
  async complete(account: Account, { party, origin }: Actor, factors: string): Promise<string> {
    const { accounts, audit, atomically, clock } = this.#services;
    return atomically(async () => {
      await accounts.recordSignIn(account.id, clock());
      await audit.record('sign-in.completed', origin, party, party, { factors });
      return this.begin(account, origin);
    });
  }

  /** Goes on in a new epoch, where the person is who raised it. Returns the id that the session carries. */
  async begin(account: Account, { browser, address }: Origin): Promise<string> {
    const now = this.#services.clock();
    const id = newId(now);
    const { id: accountId, sessionEpoch: epoch } = account;
    await this.#services.store.create({
      id,
      accountId,
      epoch,
      browser,
      address,
      startedAt: now,
      lastSeenAt: now,
      endedAt: null,
    });
    return id;
  }

  /** Whether a session with this sign-in may go on; notes that it was seen. */
  async isOpen(account: Account, signIn: SignIn | undefined): Promise<boolean> {
    if (!signIn || signIn.accountId !== account.id || signIn.endedAt !== null) return false;
    const { store, clock } = this.#services;
    const now = clock();
    if (now - signIn.lastSeenAt >= SEEN_EVERY) await store.touch(signIn.id, now);
    return true;
  }

  /** Where the account is signed in now; a browser that was not seen for `idle` milliseconds is not. */
  async of(account: Account, idle = IDLE_LIMIT): Promise<readonly SignIn[]> {
    const open = await this.#services.store.open(account.id);
    const since = this.#services.clock() - idle - SEEN_EVERY;
    return open.filter(({ epoch, lastSeenAt }) => epoch === account.sessionEpoch && lastSeenAt > since);
  }

  /** False when it is not there, ended already, or another account's. */
  async end(account: Account, id: string, { party, origin }: Actor): Promise<boolean> {
    const { store, audit, atomically, clock } = this.#services;
    return atomically(async () => {
      if (!(await store.end(account.id, id, clock()))) return false;
      await audit.record('session.ended', origin, party);
      return true;
    });
  }

  /** Returns how many there were. */
  async endOthers(account: Account, exceptId: string, { party, origin }: Actor): Promise<number> {
    const { store, audit, atomically, clock } = this.#services;
    return atomically(async () => {
      const count = await store.endOthers(account.id, exceptId, clock());
      await audit.record('session.ended', origin, party, party, { sessions: String(count) });
      return count;
    });
  }

  /** The person leaves by themselves; `id` is undefined for who got half way only. */
  async signOut(account: Account, id: string | undefined, { party, origin }: Actor): Promise<void> {
    const { store, audit, atomically, clock } = this.#services;
    await atomically(async () => {
      if (id !== undefined) await store.end(account.id, id, clock());
      await audit.record('sign-out', origin, party);
    });
  }
}
