import { randomBytes } from 'node:crypto';
import type { Account } from '../accounts/account.ts';
import { slowHash } from '../accounts/passwords.ts';
import type { Atomically } from '../atomically.ts';
import { type Actor, type Audit, type AuditEventName, party } from '../audit/audit.ts';
import { newId } from '../identifiers.ts';
import { SECOND_FACTOR_RULE, secondFactorSubject, type Throttle } from '../limits/throttle.ts';
import type { Notices } from '../post/notices.ts';
import type { Clock, Instant } from '../time.ts';
import type { Authenticators } from './authenticator.ts';

export const CODE_COUNT = 10;
/** 80 bits: beyond guessing, and still short enough to be typed from paper (NIST SP 800-63B-4 §4.2.1.1 asks for 64). */
const CODE_BYTES = 10;
const SALT_BYTES = 16;
/** Crockford's Base32: no I, L, O or U, which are taken for 1, 1, 0 and V. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** For those who have no codes: the answer takes as long. */
const NOBODYS_SALT = Buffer.alloc(SALT_BYTES).toString('base64url');

export interface StoredRecoveryCode {
  readonly id: string;
  readonly codeHash: string;
}

/** Where recovery codes are kept. Each method is one transaction. */
export interface RecoveryCodeStore {
  /** Puts a new set in the place of the account's earlier one, which is dead. */
  replace(accountId: string, salt: string, codes: readonly StoredRecoveryCode[], at: Instant): Promise<void>;
  /** The salt of the account's set; undefined when there is none. */
  salt(accountId: string): Promise<string | undefined>;
  /** True for the one request that used the code: one UPDATE … WHERE used_at IS NULL. */
  spend(accountId: string, codeHash: string, at: Instant): Promise<boolean>;
  /** How many can still be used. */
  left(accountId: string): Promise<number>;
}

export type RecoveryOutcome =
  | { readonly kind: 'accepted'; readonly left: number }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'wait'; readonly until: Instant };

interface RecoveryServices {
  readonly store: RecoveryCodeStore;
  readonly authenticators: Authenticators;
  readonly throttle: Throttle;
  readonly audit: Audit;
  readonly notices: Notices;
  readonly atomically: Atomically;
  readonly clock: Clock;
}

/** Codes on paper for the day when every authenticator is lost. They stand in for a second factor, never alone. */
export class RecoveryCodes {
  readonly #services: RecoveryServices;

  constructor(services: RecoveryServices) {
    this.#services = services;
  }

  /** Makes ten new codes, each "ABCD-EFGH-JKMN-PQRS"; the earlier ones die. Only their hashes are kept. */
  async renew(account: Account, actor: Actor): Promise<readonly string[]> {
    const now = this.#services.clock();
    const salt = randomBytes(SALT_BYTES).toString('base64url');
    const codes = Array.from({ length: CODE_COUNT }, newCode);
    const stored = await Promise.all(
      codes.map(async (code) => ({ id: newId(now), codeHash: await hashOf(code, salt) })),
    );
    const { store, audit, notices, atomically } = this.#services;
    await atomically(async () => {
      await store.replace(account.id, salt, stored, now);
      await audit.record('recovery-codes.created', actor.origin, actor.party, party(account));
      await notices.tell(account, 'recovery codes created', actor);
    });
    return codes;
  }

  /**
   * Uses a code up in the place of a second factor. Guesses count as second-factor failures do; a right code also frees
   * authenticators that are blocked (NIST SP 800-63B-4 §3.1.2.2, §3.2.2).
   */
  async use(account: Account, typed: string, actor: Actor): Promise<RecoveryOutcome> {
    const { store, throttle } = this.#services;
    const attempt = await throttle.take(secondFactorSubject(account.id), SECOND_FACTOR_RULE);
    if (attempt.kind === 'wait') {
      await this.#record('second-step.throttled', account, actor, { purpose: 'recovery code' });
      return attempt;
    }
    const salt = await store.salt(account.id);
    // One salt for a set: one slow hash tells whether the code is any of the ten (ASVS 6.5.2).
    const codeHash = await hashOf(folded(typed), salt ?? NOBODYS_SALT);
    const left = salt === undefined ? undefined : await this.#spend(account, codeHash, actor);
    if (left === undefined) {
      await this.#record('recovery-code.refused', account, actor, { failures: String(attempt.failures) });
      return { kind: 'wrong' };
    }
    return { kind: 'accepted', left };
  }

  /** How many are left then; undefined when the code is none, or used. */
  async #spend(account: Account, codeHash: string, actor: Actor): Promise<number | undefined> {
    const { store, throttle, authenticators, notices, atomically, clock } = this.#services;
    return atomically(async () => {
      if (!(await store.spend(account.id, codeHash, clock()))) return undefined;
      await throttle.reset(secondFactorSubject(account.id));
      await authenticators.unblock(account.id);
      const left = await store.left(account.id);
      await this.#record('recovery-code.used', account, actor, { left: String(left) });
      await notices.tell(account, 'recovery code used', actor, String(left));
      return left;
    });
  }

  async #record(
    event: AuditEventName,
    account: Account,
    actor: Actor,
    detail: Readonly<Record<string, string>>,
  ): Promise<void> {
    await this.#services.audit.record(event, actor.origin, actor.party, party(account), detail);
  }
}

/** A code as people type it back: any case, with or without hyphens and spaces, O for 0, I or L for 1. */
export function folded(typed: string): string {
  const letters = typed
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, '');
  return inGroups(letters.replaceAll('O', '0').replace(/[IL]/g, '1'));
}

function newCode(): string {
  const bits = BigInt(`0x${randomBytes(CODE_BYTES).toString('hex')}`);
  const letters = Array.from(
    { length: 16 },
    (_, index) => ALPHABET[Number((bits >> BigInt(5 * index)) & 31n)],
  );
  return inGroups(letters.join(''));
}

function inGroups(letters: string): string {
  return letters.match(/.{1,4}/g)?.join('-') ?? '';
}

function hashOf(code: string, salt: string): Promise<string> {
  return slowHash(code, Buffer.from(salt, 'base64url'));
}
