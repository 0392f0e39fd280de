import type { Account } from '../accounts/account.ts';
import { type Asker, hashing, type Turn } from '../accounts/hashing-queue.ts';
import type { PasswordHasher } from '../accounts/password-hasher.ts';
import type { Actor, Audit } from '../audit/audit.ts';
import type { Attempts } from '../codes/attempts.ts';
import { newId } from '../kernel/identifiers.ts';
import type { Random } from '../kernel/random.ts';
import type { Clock, Instant } from '../kernel/time.ts';
import type { Transact, Transaction } from '../kernel/transaction.ts';
import { normalized } from '../kernel/unicode.ts';
import type { Notices } from '../mail/notices.ts';
import type { Authenticators } from './authenticator.ts';

export const CODE_COUNT = 10;
/** 80 bits: not guessable, and short enough to type from paper (NIST SP 800-63B-4 §4.2.1.1 requires 64). */
const CODE_BYTES = 10;
const SALT_BYTES = 16;
/** Crockford's Base32, without I, L, O and U, which are read as 1, 1, 0 and V. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** For an account without codes, so that the time of the response does not reveal it. */
const NOBODYS_SALT = Buffer.alloc(SALT_BYTES).toString('base64url');

export interface StoredRecoveryCode {
  readonly id: string;
  readonly codeHash: string;
}

/** The store of recovery codes. Each method is one transaction. */
export interface RecoveryCodeStore {
  /** Replaces the account's earlier set, whose codes become invalid. */
  replace(accountId: string, salt: string, codes: readonly StoredRecoveryCode[], at: Instant): Promise<void>;
  /** The salt of the account's set; undefined if there is none. */
  salt(accountId: string): Promise<string | undefined>;
  /** Consumes an unused code by one conditional UPDATE (… WHERE used_at IS NULL): true for one of many concurrent requests. */
  consume(accountId: string, codeHash: string, at: Instant): Promise<boolean>;
  /** Number of unused codes. */
  left(accountId: string): Promise<number>;
}

/** `next`: the result of `accept`, in the transaction that has consumed the code. */
export type RecoveryOutcome<T = unknown> =
  | { readonly kind: 'accepted'; readonly left: number; readonly next: T }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'wait'; readonly until: Instant };

interface RecoveryServices {
  readonly store: RecoveryCodeStore;
  readonly authenticators: Authenticators;
  readonly attempts: Attempts;
  readonly audit: Audit;
  readonly notices: Notices;
  readonly passwordHasher: PasswordHasher;
  readonly transaction: Transact;
  readonly random: Random;
  readonly clock: Clock;
}

/** Recovery codes replace a second factor when every authenticator is lost. They are never the only factor. */
export class RecoveryCodes {
  readonly #services: RecoveryServices;

  constructor(services: RecoveryServices) {
    this.#services = services;
  }

  /** Makes ten new codes, each "ABCD-EFGH-JKMN-PQRS"; earlier ones become invalid. Only hashes are stored. */
  async renew(account: Account, actor: Actor): Promise<readonly string[]> {
    const { random, clock } = this.#services;
    const now = clock();
    const salt = random.bytes(SALT_BYTES).toString('base64url');
    const codes = Array.from({ length: CODE_COUNT }, () => newCode(random));
    const stored = await hashing.admit(askerOf(account), (turn) =>
      Promise.all(
        codes.map(async (code) => ({ id: newId(now), codeHash: await this.#hashOf(code, salt, turn) })),
      ),
    );
    const { transaction } = this.#services;
    await transaction(this.#services, async ({ store, audit, notices }) => {
      await store.replace(account.id, salt, stored, now);
      await audit.record('recovery-codes.created', actor, account);
      await notices.tell(account, 'recovery codes created', actor);
    });
    return codes;
  }

  /**
   * Consumes a code in place of a second factor. It counts as an attempt (see `Attempts`); a right code also unblocks the account's
   * authenticators (NIST SP 800-63B-4 §3.1.2.2, §3.2.2). The code is consumed in the transaction of `accept`: if the sign-in
   * cannot be written, the code stays unused.
   */
  async use<T>(
    account: Account,
    typed: string,
    actor: Actor,
    accept: (tx: Transaction) => Promise<T>,
  ): Promise<RecoveryOutcome<T>> {
    // Gets a place in the queue first: an attempt without one is not counted.
    return hashing.admit(askerOf(account), (turn) => this.#useInTurn(account, typed, actor, turn, accept));
  }

  async #useInTurn<T>(
    account: Account,
    typed: string,
    actor: Actor,
    turn: Turn,
    accept: (tx: Transaction) => Promise<T>,
  ): Promise<RecoveryOutcome<T>> {
    const { store, attempts } = this.#services;
    const attempt = await attempts.begin({ account, actor, details: { purpose: 'recovery code' } });
    if (attempt.kind === 'wait') return attempt;
    const salt = await store.salt(account.id);
    // One salt per set, so that one slow hash can be compared with all ten codes (ASVS 6.5.2).
    const codeHash = await this.#hashOf(folded(typed), salt ?? NOBODYS_SALT, turn);
    const used = salt === undefined ? undefined : await this.#consume(account, codeHash, actor, accept);
    if (used === undefined) {
      await this.#services.audit.record('recovery-code.refused', actor, account, {
        failures: String(attempt.failures),
      });
      return { kind: 'wrong' };
    }
    return { kind: 'accepted', ...used };
  }

  /** The number of codes that are left, and the result of `accept`; undefined if there is no such unused code. */
  async #consume<T>(
    account: Account,
    codeHash: string,
    actor: Actor,
    accept: (tx: Transaction) => Promise<T>,
  ): Promise<{ readonly left: number; readonly next: T } | undefined> {
    const { transaction } = this.#services;
    return transaction(this.#services, async (bound, tx) => {
      const { store, attempts, authenticators, notices, clock, audit } = bound;
      if (!(await store.consume(account.id, codeHash, clock()))) return undefined;
      await attempts.reset(account.id);
      await authenticators.unblock(account.id);
      const left = await store.left(account.id);
      await audit.record('recovery-code.used', actor, account, { left: String(left) });
      await notices.tell(account, 'recovery code used', actor, String(left));
      return { left, next: await accept(tx) };
    });
  }

  #hashOf(code: string, salt: string, turn: Turn): Promise<string> {
    return this.#services.passwordHasher.slowHash(code, Buffer.from(salt, 'base64url'), turn);
  }
}

/** The number of a code in the list that people copy: "1. ". */
const LIST_NUMBER = /^\s*\d{1,2}\s*[.)]/;

/** The canonical form of a typed code: any case, with or without its number, hyphens and spaces, O for 0, I or L for 1. */
export function folded(typed: string): string {
  const letters = normalized(typed, 'NFKC')
    .replace(LIST_NUMBER, '')
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, '');
  return inGroups(letters.replaceAll('O', '0').replace(/[IL]/g, '1'));
}

/** Queued with known people: a recovery code comes after the right password. */
function askerOf({ id }: Account): Asker {
  return { lane: 'people', key: id };
}

function newCode(random: Random): string {
  const bits = BigInt(`0x${random.bytes(CODE_BYTES).toString('hex')}`);
  const letters = Array.from(
    { length: 16 },
    (_, index) => ALPHABET[Number((bits >> BigInt(5 * index)) & 31n)],
  );
  return inGroups(letters.join(''));
}

function inGroups(letters: string): string {
  return letters.match(/.{1,4}/g)?.join('-') ?? '';
}
