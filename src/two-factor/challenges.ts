import { createHmac, randomInt, timingSafeEqual } from 'node:crypto';
import { newId } from '../identifiers.ts';
import type { Keyring } from '../keyring.ts';
import { type Clock, type Instant, minutes } from '../time.ts';

export const CODE_LIFETIME = minutes(10);
export const CODE_TRIES = 5;

/** What a code may be used for; a code for one purpose is worthless for another (ASVS 6.6.2). */
export type Purpose = 'sign-in' | 'step-up' | 'enrolment' | 'e-mail change';

/** Whom and what a code is bound to. `browser` is a secret in the session that asked for it. */
export interface Binding {
  readonly accountId: string;
  readonly purpose: Purpose;
  readonly browser: string;
}

export interface Challenge {
  readonly id: string;
  /** Where the code was sent. */
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
   * Keeps the challenge in the place of an earlier one of the same binding, and takes over that one's tries, `most` at
   * the most, if it is live at `now` (unused and not expired): in one statement, or guesses made meanwhile are lost.
   */
  replace(
    binding: Binding,
    challenge: Challenge,
    carried: { readonly now: Instant; readonly most: number },
  ): Promise<void>;
  /** Counts a try of a live challenge (unused, not expired, fewer than `most` tries) by one conditional UPDATE. */
  takeTry(id: string, now: Instant, most: number): Promise<boolean>;
  /** True for the one request that used the challenge up. */
  spend(id: string, now: Instant): Promise<boolean>;
}

export type CodeCheck = 'right' | 'wrong' | 'expired' | 'used up' | 'none';

/** Mailed codes: 6 digits, kept as a keyed hash, 10 minutes, 5 tries, used once. */
export class Challenges {
  readonly #store: ChallengeStore;
  readonly #keyring: Keyring;
  readonly #clock: Clock;

  constructor(store: ChallengeStore, keyring: Keyring, clock: Clock) {
    this.#store = store;
    this.#keyring = keyring;
    this.#clock = clock;
  }

  /**
   * Makes a new code and hands it to `deliver`; once that has gone out, it replaces the binding's earlier one, which
   * counts on where it has not. A resend does not give back tries: the new code has what the earlier one had left, and
   * at least one (NIST SP 800-63B-4 §3.1.3.2). Undefined when it was not delivered.
   */
  async open(
    binding: Binding,
    address: string,
    deliver: (code: string, challenge: Challenge) => Promise<boolean>,
  ): Promise<Challenge | undefined> {
    const now = this.#clock();
    const id = newId(now);
    const code = String(randomInt(1_000_000)).padStart(6, '0');
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
    await this.#store.replace(binding, challenge, { now: this.#clock(), most: CODE_TRIES - 1 });
    return challenge;
  }

  /** The code that counts now, if one was sent, is unused and has not expired. */
  async current(binding: Binding): Promise<Challenge | undefined> {
    const challenge = await this.#store.find(binding);
    return challenge && challenge.usedAt === null && challenge.expiresAt > this.#clock()
      ? challenge
      : undefined;
  }

  /** Checks a code and uses it up when it is right; of many at once, one is right. `address` must be where it went. */
  async check(binding: Binding, address: string, code: string): Promise<CodeCheck> {
    const challenge = await this.#store.find(binding);
    const now = this.#clock();
    if (!challenge || challenge.usedAt !== null || challenge.address !== address) return 'none';
    if (challenge.expiresAt <= now) return 'expired';
    if (!(await this.#store.takeTry(challenge.id, now, CODE_TRIES))) return 'used up';
    if (!this.#matches(challenge, code)) return 'wrong';
    return (await this.#store.spend(challenge.id, now)) ? 'right' : 'none';
  }

  #hash(id: string, code: string): string {
    const { id: keyId, key } = this.#keyring.current('code');
    return `${keyId}.${keyedHash(key, id, code)}`;
  }

  #matches({ id, codeHash }: Challenge, code: string): boolean {
    const [keyId = '', hash = ''] = codeHash.split('.');
    const key = this.#keyring.find('code', keyId);
    return key !== undefined && timingSafeEqual(Buffer.from(keyedHash(key, id, code)), Buffer.from(hash));
  }
}

/** Keyed, for a million codes are tried in a second by whom a plain hash falls into the hands of. */
function keyedHash(key: Buffer, id: string, code: string): string {
  return createHmac('sha256', key).update(`${id}:${code}`).digest('base64url');
}
