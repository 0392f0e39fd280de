import { type Actor, type Audit, type Origin, party } from '../audit/audit.ts';
import { PASSWORD_ACCOUNT_RULE, PASSWORD_FROM_ADDRESS_RULE, type Throttle } from '../limits/throttle.ts';
import type { Instant } from '../time.ts';
import { type Account, emailKey } from './account.ts';
import type { Accounts } from './accounts.ts';
import { hashPassword, isOutdated, verifyPassword } from './passwords.ts';

/** Under which password failures are counted: those from this network address, and those from anywhere. */
export function passwordSubjects(email: string, { address }: Origin): readonly [string, string] {
  const key = emailKey(email);
  return [`password:${key}@${address}`, `password:${key}`];
}

export type PasswordOutcome =
  | { readonly kind: 'accepted'; readonly account: Account }
  /** Wrong password, no such account, no password yet, disabled: one answer for all (ASVS 6.3.8). */
  | { readonly kind: 'refused' }
  | { readonly kind: 'wait'; readonly until: Instant };

/** With the account that was refused, for the log alone. */
type Tried =
  | Exclude<PasswordOutcome, { kind: 'refused' }>
  | { readonly kind: 'refused'; readonly account: Account | undefined };

/** The first factor: at sign-in, and again at step-up. */
export class PasswordSignIn {
  readonly #accounts: Accounts;
  readonly #throttle: Throttle;
  readonly #audit: Audit;

  constructor(accounts: Accounts, throttle: Throttle, audit: Audit) {
    this.#accounts = accounts;
    this.#throttle = throttle;
    this.#audit = audit;
  }

  /** Checks e-mail and password at the sign-in page, where an address may have no account. */
  async check(email: string, password: string, origin: Origin): Promise<PasswordOutcome> {
    const label = { id: null, label: emailKey(email).slice(0, 254) };
    const outcome = await this.#tried(email, password, { party: label, origin });
    if (outcome.kind !== 'refused') return outcome;
    const { account } = outcome;
    await this.#audit.record('sign-in.password-refused', origin, label, account ? party(account) : label);
    return { kind: 'refused' };
  }

  /** Has somebody who is signed in give the password once more. */
  async confirm({ email }: Account, password: string, actor: Actor): Promise<PasswordOutcome> {
    const outcome = await this.#tried(email, password, actor);
    if (outcome.kind !== 'refused') return outcome;
    await this.#audit.record('step-up.refused', actor.origin, actor.party);
    return { kind: 'refused' };
  }

  /**
   * Tries are counted by the address typed, whether or not it has an account, and by where they come from: a guesser is
   * made to wait without locking out the person elsewhere (ASVS 6.1.1, 6.3.1).
   */
  async #tried(email: string, password: string, { party: who, origin }: Actor): Promise<Tried> {
    const [fromHere, fromAnywhere] = passwordSubjects(email, origin);
    for (const [subject, rule] of [
      [fromHere, PASSWORD_FROM_ADDRESS_RULE],
      [fromAnywhere, PASSWORD_ACCOUNT_RULE],
    ] as const) {
      const attempt = await this.#throttle.take(subject, rule);
      if (attempt.kind === 'wait') {
        await this.#audit.record('sign-in.throttled', origin, who);
        return attempt;
      }
    }
    const account = await this.#accounts.findByEmail(email);
    const matches = await verifyPassword(password, account?.passwordHash ?? null);
    if (!account || !matches || account.disabledAt !== null) return { kind: 'refused', account };
    await this.#throttle.reset(fromHere, fromAnywhere);
    await this.#rehash(account, password);
    return { kind: 'accepted', account };
  }

  async #rehash(account: Account, password: string): Promise<void> {
    if (account.passwordHash === null || !isOutdated(account.passwordHash)) return;
    await this.#accounts.rehashPassword(account.id, account.passwordHash, await hashPassword(password));
  }
}
