import type { Account } from '../accounts/account.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { Audit } from '../audit/audit.ts';
import type { AuditEventName } from '../audit/vocabulary.ts';
import type { Attempts } from '../codes/attempts.ts';
import type { CodeFault } from '../codes/challenges.ts';
import type { Clock, Instant } from '../kernel/time.ts';
import { bind, type Transaction } from '../kernel/transaction.ts';
import { SECOND_FACTOR_BLOCK, SECOND_FACTOR_RULE } from '../limits/failure-backoff.ts';
import type { Purpose } from '../mail/message.ts';
import type { Notices } from '../mail/notices.ts';
import { MAILED_METHODS, METHOD_IDS, type MethodId } from '../settings/method-ids.ts';
import type { Authenticator, Authenticators } from './authenticator.ts';
import type { FieldValues, ProofContext } from './method.ts';
import type { Methods } from './methods/registry.ts';

/** `next`: the result of `accept`, in the transaction of the right response. */
export type SecondStepOutcome<T = unknown> =
  | { readonly kind: 'accepted'; readonly next: T }
  | { readonly kind: 'fault'; readonly fault: CodeFault; readonly failures: number }
  | { readonly kind: 'wait'; readonly until: Instant }
  | { readonly kind: 'blocked' };

interface SecondStepServices {
  readonly accounts: Pick<Accounts, 'confirmEmail'>;
  readonly methods: Methods;
  readonly authenticators: Authenticators;
  readonly attempts: Attempts;
  readonly audit: Audit;
  readonly notices: Notices;
  readonly clock: Clock;
  /** Called after each proof of an authenticator. */
  readonly proven: (method: MethodId) => void;
}

const REFUSED: Record<Purpose, AuditEventName> = {
  'sign-in': 'second-step.refused',
  'step-up': 'step-up.refused',
  enrolment: 'second-step.refused',
  'e-mail change': 'step-up.refused',
  'email confirmation': 'email.confirmation-refused',
};

/** Proves an authenticator, at sign-in and at step-up. */
export class SecondStep {
  readonly #services: SecondStepServices;

  constructor(services: SecondStepServices) {
    this.#services = services;
  }

  in(tx: Transaction): SecondStep {
    return new SecondStep(bind(this.#services, tx));
  }

  /**
   * Checks a response. It counts as an attempt (see `Attempts`); a right one resets the count. The count, the check, the
   * consumption, the use, the audit entry and `accept` are one transaction.
   */
  async verify<T>(
    authenticator: Authenticator,
    response: FieldValues,
    context: ProofContext,
    accept: (tx: Transaction) => Promise<T>,
  ): Promise<SecondStepOutcome<T>> {
    const { attempts, audit, clock, proven } = this.#services;
    const { account, purpose, actor } = context;
    const details = { method: authenticator.method, authenticator: authenticator.name, purpose };
    if (authenticator.blockedAt !== null) {
      await audit.record(REFUSED[purpose], actor, account, { ...details, fault: 'blocked' });
      return { kind: 'blocked' };
    }
    return attempts.decide({ account, actor, details }, this.#services, async (bound, failures, tx) => {
      const { verifier } = bound.methods[authenticator.method];
      const result = await verifier.verifyAndConsume(authenticator, response, context);
      if (result !== 'right') return this.in(tx).#refuse(authenticator, context, result, failures);
      await bound.attempts.reset(account.id);
      if (MAILED_METHODS.includes(authenticator.method) && account.emailConfirmedAt === null) {
        await bound.accounts.confirmEmail(account.id, account.email, clock());
      }
      await bound.authenticators.recordUse(authenticator.id, clock());
      tx.afterCommit(() => proven(authenticator.method));
      return { kind: 'accepted', next: await accept(tx) };
    });
  }

  /** Until when the account has to wait before its next attempt; undefined if it may try now. */
  async waiting({ id }: Account): Promise<Instant | undefined> {
    return this.#services.attempts.waiting(id);
  }

  /** Part of the transaction that has counted the attempt. */
  async #refuse(
    { id, method, name }: Authenticator,
    { account, purpose, actor }: ProofContext,
    fault: CodeFault,
    failures: number,
  ): Promise<SecondStepOutcome<never>> {
    const named = { method, authenticator: name };
    const isBlocked = failures >= SECOND_FACTOR_BLOCK;
    const { audit, authenticators, notices, clock } = this.#services;
    const details = { ...named, purpose, fault, failures: String(failures) };
    await audit.record(REFUSED[purpose], actor, account, details);
    // The sender knows the password, so the account's owner is notified, once (ASVS 6.3.5).
    if (failures === SECOND_FACTOR_RULE.from) {
      await notices.tell(account, 'second step failed', actor, name);
    }
    if (!isBlocked) return { kind: 'fault', fault, failures };
    await authenticators.block(id, clock());
    await audit.record('second-step.blocked', actor, account, named);
    await notices.tell(account, 'authenticator blocked', actor, name);
    return { kind: 'blocked' };
  }
}

/**
 * The authenticator to ask for: the one that was picked, else the preferred one, else the last used, else the first in the order of
 * the methods. Blocked ones come last.
 */
export function chooseAuthenticator(
  usable: readonly Authenticator[],
  pickedId: string | undefined,
): Authenticator | undefined {
  const picked = usable.find(({ id }) => id === pickedId);
  const byPreference = [...usable].sort(
    (a, b) =>
      Number(a.blockedAt !== null) - Number(b.blockedAt !== null) ||
      (b.preferredAt ?? 0) - (a.preferredAt ?? 0) ||
      (b.lastUsedAt ?? 0) - (a.lastUsedAt ?? 0) ||
      METHOD_IDS.indexOf(a.method) - METHOD_IDS.indexOf(b.method),
  );
  return picked ?? byPreference[0];
}
