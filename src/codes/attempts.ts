import type { Actor, Audit } from '../audit/audit.ts';
import type { AuditEvent } from '../audit/event.ts';
import type { Instant } from '../kernel/time.ts';
import { bind, type Transact, type Transaction } from '../kernel/transaction.ts';
import {
  type Attempt,
  type FailureBackoff,
  SECOND_FACTOR_RULE,
  secondFactorSubject,
} from '../limits/failure-backoff.ts';
import type { AccountRecipient } from '../mail/message.ts';

interface AttemptServices {
  readonly throttle: FailureBackoff;
  readonly audit: Audit;
  readonly transaction: Transact;
}

/** The account and the actor of an attempt; `details` go to the audit entry if the account has to wait. */
interface AttemptOf {
  readonly account: AccountRecipient;
  readonly actor: Actor;
  readonly details: AuditEvent['detail'];
}

export type Wait = Extract<Attempt, { kind: 'wait' }>;

/**
 * Attempts on an account's second factor. One count for authenticators, recovery codes, an enrolment by mail and a change of
 * email, in all sessions and across resends (NIST SP 800-63B-4 §3.2.2).
 */
export class Attempts {
  readonly #services: AttemptServices;

  constructor(services: AttemptServices) {
    this.#services = services;
  }

  in(tx: Transaction): Attempts {
    return new Attempts(bind(this.#services, tx));
  }

  /**
   * Decides on a response in one transaction. The attempt is counted as failed first, so that concurrent guesses do not share a
   * count; then `check` looks at the response, with `services` bound to the transaction. What it writes commits together with the
   * count, whatever it returns. If it throws, its writes are rolled back and nothing may be answered, but the attempt counts:
   * otherwise guesses would be free while refusals cannot be written. If the account has to wait, `check` is not called.
   */
  async decide<Services extends object, T>(
    attempt: AttemptOf,
    services: Services,
    check: (bound: Services, failures: number, tx: Transaction) => Promise<T>,
  ): Promise<T | Wait> {
    const { throttle, audit, transaction } = this.#services;
    const { account, actor, details } = attempt;
    const count = (backoff: FailureBackoff) =>
      backoff.consume(secondFactorSubject(account.id), SECOND_FACTOR_RULE);
    let isChecked = false;
    const decided = await transaction(this.#services, async (bound, tx) => {
      const counted = await count(bound.throttle);
      if (counted.kind === 'wait') return counted;
      isChecked = true;
      return { kind: 'checked', outcome: await check(bind(services, tx), counted.failures, tx) } as const;
    }).catch(async (error: unknown) => {
      // The count was rolled back with the rest, so it is repeated. If that fails, too, the first error is thrown.
      if (isChecked) await count(throttle).catch(() => {});
      throw error;
    });
    if (decided.kind === 'checked') return decided.outcome;
    await audit.record('second-step.throttled', actor, account, details);
    return decided;
  }

  /** Counts an attempt in its own transaction, for a response whose check takes long (a slow hash). */
  async begin(attempt: AttemptOf): Promise<Attempt> {
    return this.decide(attempt, {}, async (_, failures) => ({ kind: 'may try', failures }) as const);
  }

  /** Resets the count, after a right response or when an administrator frees the account. */
  async reset(accountId: string): Promise<void> {
    await this.#services.throttle.reset(secondFactorSubject(accountId));
  }

  /** Until when the account has to wait before its next attempt; undefined if it may try now. */
  async waiting(accountId: string): Promise<Instant | undefined> {
    return this.#services.throttle.waiting(secondFactorSubject(accountId), SECOND_FACTOR_RULE);
  }
}
