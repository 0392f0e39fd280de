import type { Actor, Audit, Origin } from '../audit/audit.ts';
import type { Keyring } from '../kernel/keyring.ts';
import type { Instant } from '../kernel/time.ts';
import type { Transact, Transaction } from '../kernel/transaction.ts';
import { clientKey } from '../limits/client-address.ts';
import type { ClientBudget, ClientBudgets } from '../limits/client-budget.ts';
import {
  type Count,
  type FailureBackoff,
  PASSWORD_ACCOUNT_RULE,
  PASSWORD_DEVICE_RULE,
  PASSWORD_FROM_ADDRESS_RULE,
  PASSWORD_SESSION_RULE,
} from '../limits/failure-backoff.ts';
import type { Account } from './account.ts';
import type { Accounts } from './accounts.ts';
import { type Asker, hashing, type Turn } from './hashing-queue.ts';
import type { PasswordHasher } from './password-hasher.ts';
import { addressName, typist } from './typed-address.ts';

/** The subjects of a stranger's password failures: from this client, and from all clients. */
export function passwordSubjects(
  email: string,
  { address }: Origin,
  keyring: Pick<Keyring, 'current'>,
): readonly [here: string, anywhere: string] {
  const key = addressName(email, keyring);
  return [`password:${key}@${clientKey(address)}`, `password:${key}`];
}

/** `next`: the result of `Accept`, from the transaction that accepted the password. */
export type PasswordOutcome<T = unknown> =
  | { readonly kind: 'accepted'; readonly account: Account; readonly next: T }
  /** Wrong password, no such account, no password yet, or disabled: the same answer for all (ASVS 6.3.8). */
  | { readonly kind: 'refused' }
  /**
   * `until` is undefined if guesses of other clients are the reason: an attacker could time the next guess by it. `isClients`:
   * the client has to wait for every account.
   */
  | { readonly kind: 'wait'; readonly until: Instant | undefined; readonly isClients?: true };

/** Continues in the transaction that accepts the password; may be called again if the transaction is retried. */
type Accept<T> = (account: Account, tx: Transaction) => Promise<T>;

/** The name of the browser if this account has signed in there before; otherwise undefined. */
export type DeviceOf = (account: Account) => Promise<string | undefined>;

/** A password attempt: its place in the hashing queue, and the counts that it adds to. */
interface Attempt {
  readonly asker: Asker;
  /** The attempts of this person (or guesser). The answer says how long to wait. */
  readonly own: Count;
  /** The attempts of all strangers at this account. */
  readonly shared?: Count;
  /** The attempts of the client at all accounts. */
  readonly budget?: ClientBudget;
  readonly actor: Actor;
}

interface PasswordSignInServices {
  readonly accounts: Accounts;
  readonly throttle: FailureBackoff;
  readonly clients: Pick<ClientBudgets, 'failures'>;
  readonly passwordHasher: PasswordHasher;
  readonly audit: Audit;
  readonly keyring: Keyring;
  readonly transaction: Transact;
}

/** The password check, at sign-in and at step-up. */
export class PasswordSignIn {
  readonly #services: PasswordSignInServices;

  constructor(services: PasswordSignInServices) {
    this.#services = services;
  }

  /**
   * Checks email and password at the sign-in page. A stranger's attempts are counted for the typed address (with or without an
   * account), for this client at this address, and for this client at all addresses: a guesser has to wait, and the person
   * elsewhere is not locked out. A browser in which the account has signed in before has its own count, so that strangers'
   * guesses never make it wait (ASVS 6.1.1, 6.3.1). Throws `Overloaded` if the hashing queue is full.
   */
  async check<T = undefined>(
    email: string,
    password: string,
    origin: Origin,
    deviceOf: DeviceOf = async () => undefined,
    accept: Accept<T> = async () => undefined as T,
  ): Promise<PasswordOutcome<T>> {
    const { accounts, audit, keyring } = this.#services;
    const account = await accounts.findByEmail(email);
    const actor = { party: typist(email, account !== undefined, keyring), origin };
    const known = account && (await this.#knownDevice(account, deviceOf, actor));
    const outcome = await this.#attempted(account, password, known ?? this.#stranger(email, actor), accept);
    if (outcome.kind === 'refused') {
      await audit.record('sign-in.password-refused', actor, account);
    }
    return outcome;
  }

  /**
   * Checks the password of a person who is signed in (step-up). Each session has its own count: strangers' guesses elsewhere
   * never make it wait. Throws `Overloaded` if the hashing queue is full.
   */
  async confirm<T = undefined>(
    account: Account,
    signInId: string,
    password: string,
    actor: Actor,
    accept: (tx: Transaction) => Promise<T> = async () => undefined as T,
  ): Promise<PasswordOutcome<T>> {
    const attempt = {
      asker: { lane: 'people', key: account.id },
      own: { subject: `password:${account.id}:sign-in:${signInId}`, rule: PASSWORD_SESSION_RULE },
      actor,
    } as const;
    const outcome = await this.#attempted(account, password, attempt, (_, tx) => accept(tx));
    if (outcome.kind === 'refused') await this.#services.audit.record('step-up.refused', actor);
    return outcome;
  }

  /** Undefined if the browser is not known, or counts as a stranger for now because of its own failures. */
  async #knownDevice(account: Account, deviceOf: DeviceOf, actor: Actor): Promise<Attempt | undefined> {
    const device = await deviceOf(account);
    if (device === undefined) return undefined;
    const own = { subject: `password:${account.id}:device:${device}`, rule: PASSWORD_DEVICE_RULE };
    const waits = await this.#services.throttle.waiting(own.subject, own.rule);
    return waits === undefined ? { asker: { lane: 'people', key: account.id }, own, actor } : undefined;
  }

  #stranger(email: string, actor: Actor): Attempt {
    const [here, anywhere] = passwordSubjects(email, actor.origin, this.#services.keyring);
    return {
      asker: { lane: 'strangers', key: clientKey(actor.origin.address) },
      own: { subject: here, rule: PASSWORD_FROM_ADDRESS_RULE },
      shared: { subject: anywhere, rule: PASSWORD_ACCOUNT_RULE },
      budget: this.#services.clients.failures,
      actor,
    };
  }

  /** Takes a place in the hashing queue, counts the attempt, then hashes: an attempt without a place is not counted. */
  async #attempted<T>(
    account: Account | undefined,
    password: string,
    attempt: Attempt,
    accept: Accept<T>,
  ): Promise<PasswordOutcome<T>> {
    return hashing.admit(attempt.asker, async (turn) => {
      const refused = await this.#count(attempt);
      if (refused) return refused;
      const matches = await this.#services.passwordHasher.verify(
        password,
        account?.passwordHash ?? null,
        turn,
      );
      if (!account || !matches || account.disabledAt !== null) return { kind: 'refused' };
      const hash = await this.#rehashed(account, password, turn);
      return { kind: 'accepted', account, next: await this.#accept(account, hash, attempt, accept) };
    });
  }

  /**
   * Counts the attempt under all of its counts, or under none, in one transaction before the password is hashed. Returns the
   * refusal if one of them has to wait.
   */
  async #count({ own, shared, budget, actor }: Attempt): Promise<PasswordOutcome<never> | undefined> {
    const { transaction, throttle, audit } = this.#services;
    const { address } = actor.origin;
    const counts = shared ? [own, shared] : [own];
    // Locks the rows in the same order as #accept: otherwise two transactions of one client could deadlock.
    const wait = await transaction({ throttle, budget }, async (bound) => {
      const waiting = await bound.budget?.waiting(address);
      if (waiting !== undefined) return { until: waiting, subject: undefined };
      const taken = await bound.throttle.consumeEach(...counts);
      if (taken.kind === 'wait') return taken;
      const ofClient = await bound.budget?.consume(address);
      if (ofClient?.kind !== 'wait') return undefined;
      await bound.throttle.giveBack(...counts);
      return { until: ofClient.until, subject: undefined };
    });
    if (!wait) return undefined;
    if (wait.subject === undefined) {
      // Recorded for the client, not for the address: a guesser could fill the audit log with invented addresses.
      await audit.record('sign-in.throttled', { ...actor, party: { id: null, label: clientKey(address) } });
      return { kind: 'wait', until: wait.until, isClients: true };
    }
    await audit.record('sign-in.throttled', actor);
    return { kind: 'wait', until: wait.subject === own.subject ? wait.until : undefined };
  }

  /**
   * The password was right: the client's failures at this account are forgiven. Its failures at other accounts still count,
   * because an attacker may have an account, too.
   */
  async #accept<T>(
    account: Account,
    hash: string | undefined,
    attempt: Attempt,
    accept: Accept<T>,
  ): Promise<T> {
    const { own, shared, actor } = attempt;
    const { transaction, accounts, throttle } = this.#services;
    const services = { accounts, throttle, budget: attempt.budget };
    return transaction(services, async ({ accounts, throttle, budget }, tx) => {
      const failures = await throttle.forgive(own.subject);
      if (shared) await throttle.reset(shared.subject);
      await budget?.giveBack(actor.origin.address, failures);
      if (hash !== undefined && account.passwordHash !== null) {
        await accounts.rehashPassword(account.id, account.passwordHash, hash);
      }
      return accept(account, tx);
    });
  }

  /** A new hash with the current parameters; undefined if the stored one has them. */
  async #rehashed({ passwordHash }: Account, password: string, turn: Turn): Promise<string | undefined> {
    const { passwordHasher } = this.#services;
    const isNeeded = passwordHash !== null && passwordHasher.isOutdated(passwordHash);
    return isNeeded ? passwordHasher.hashInTurn(password, turn) : undefined;
  }
}
