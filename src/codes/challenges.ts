import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { newId } from '../kernel/identifiers.ts';
import type { Keyring } from '../kernel/keyring.ts';
import type { Random } from '../kernel/random.ts';
import { type Clock, type Instant, minutes } from '../kernel/time.ts';
import { bind, type Transaction } from '../kernel/transaction.ts';
import type { Purpose } from '../mail/message.ts';

export const CODE_LIFETIME = minutes(10);
export const CODE_TRIES = 5;

/** What a code is bound to. `browser` is a secret in the session that asked for it. */
export interface Binding {
  readonly accountId: string;
  readonly purpose: Purpose;
  readonly browser: string;
}

export interface Challenge {
  readonly id: string;
  /** The address that the code was sent to. */
  readonly address: string;
  readonly codeHash: string;
  readonly sentAt: Instant;
  readonly expiresAt: Instant;
  readonly tries: number;
  readonly usedAt: Instant | null;
}

export interface ChallengeStore {
  find(binding: Binding): Promise<Challenge | undefined>;
  /**
   * Replaces an earlier challenge of the same binding. If that one is live at `now` (unused and not expired), its tries are carried
   * over, at most `most`: in one transaction, so that concurrent guesses are counted.
   */
  replace(
    binding: Binding,
    challenge: Challenge,
    carried: { readonly now: Instant; readonly most: number },
  ): Promise<void>;
  /** Counts a try of a live challenge (unused, not expired, fewer than `most` tries) by one conditional UPDATE. */
  takeTry(id: string, now: Instant, most: number): Promise<boolean>;
  /** Consumes a live challenge by one conditional UPDATE: true for one request of many. */
  consume(id: string, now: Instant): Promise<boolean>;
}

/** Why a code was not accepted. "used up": after five wrong tries; "already used": the time step of an app's code. */
export type CodeFault = 'wrong' | 'already used' | 'expired' | 'used up' | 'none sent';
export type CodeCheck = 'right' | CodeFault;

interface ChallengeServices {
  readonly store: ChallengeStore;
  readonly keyring: Keyring;
  readonly random: Random;
  readonly clock: Clock;
}

/** Mailed codes: 6 digits, stored as a keyed hash, valid for 10 minutes, 5 tries, used once. */
export class Challenges {
  readonly #services: ChallengeServices;

  constructor(services: ChallengeServices) {
    this.#services = services;
  }

  in(tx: Transaction): Challenges {
    return new Challenges(bind(this.#services, tx));
  }

  /**
   * Makes a new code and passes it to `deliver`. After delivery it replaces the binding's earlier code; until then the earlier one
   * is valid. A resend does not give back tries: the new code has the tries that the earlier one had left, and at least one
   * (NIST SP 800-63B-4 §3.1.3.2). Undefined if it was not delivered.
   */
  async open(
    binding: Binding,
    address: string,
    deliver: (code: string, challenge: Challenge) => Promise<boolean>,
  ): Promise<Challenge | undefined> {
    const { store, random, clock } = this.#services;
    const now = clock();
    const id = newId(now);
    const code = String(random.integer(1_000_000)).padStart(6, '0');
    const challenge: Challenge = {
      id,
      address,
      codeHash: this.#hash(id, code),
      sentAt: now,
      expiresAt: now + CODE_LIFETIME,
      tries: 0,
      usedAt: null,
    };
    if (!(await deliver(code, challenge))) return undefined;
    await store.replace(binding, challenge, { now: clock(), most: CODE_TRIES - 1 });
    return challenge;
  }

  /** The current challenge; undefined if none was sent, or it is used or expired. */
  async current(binding: Binding): Promise<Challenge | undefined> {
    const { store, clock } = this.#services;
    const challenge = await store.find(binding);
    return challenge && challenge.usedAt === null && challenge.expiresAt > clock() ? challenge : undefined;
  }

  /**
   * Checks a code, and consumes its challenge if it is right: "right" for one of many concurrent requests. Each try is counted
   * before the code is compared. `address` must be the one that the code was sent to.
   */
  async verify(binding: Binding, address: string, code: string): Promise<CodeCheck> {
    const { store, clock } = this.#services;
    const challenge = await store.find(binding);
    const now = clock();
    if (!challenge || challenge.usedAt !== null || challenge.address !== address) return 'none sent';
    if (challenge.expiresAt <= now) return 'expired';
    if (!(await store.takeTry(challenge.id, now, CODE_TRIES))) return 'used up';
    if (!this.#matches(challenge, code)) return 'wrong';
    return (await store.consume(challenge.id, now)) ? 'right' : 'none sent';
  }

  #hash(id: string, code: string): string {
    const { id: keyId, key } = this.#services.keyring.current('code');
    return `${keyId}.${keyedHash(key, id, code)}`;
  }

  #matches({ id, codeHash }: Challenge, code: string): boolean {
    const [keyId = '', hash = ''] = codeHash.split('.');
    const key = this.#services.keyring.find('code', keyId);
    return key !== undefined && timingSafeEqual(Buffer.from(keyedHash(key, id, code)), Buffer.from(hash));
  }
}

/** HMAC, not a plain hash: an attacker with the table could try all 10^6 codes in a second. */
function keyedHash(key: KeyObject, id: string, code: string): string {
  return createHmac('sha256', key).update(`${id}:${code}`).digest('base64url');
}
