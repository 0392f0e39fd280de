import type { Actor, Audit } from '../audit/audit.ts';
import { type Clock, days, type Instant } from '../kernel/time.ts';
import type { Transact } from '../kernel/transaction.ts';
import type { Mailer } from '../mail/mailer.ts';
import type { MethodId } from '../settings/method-ids.ts';
import { satisfyingAuthenticators } from './policy.ts';
import type { PersonRow, PolicyReport } from './report.ts';

/** Times of the reminders before the deadline, in milliseconds; the last reminder first. */
const REMINDED_BEFORE: readonly number[] = [days(1), days(7)];

/** Storage of the latest reminder of each account. */
export interface ReminderStore {
  /**
   * True for one caller only, who then sends the reminder. One conditional UPDATE, which also requires that the account is
   * enabled and has no authenticator of the methods `without`. `dueSince`: a reminder before this moment was an earlier one.
   */
  claim(
    accountId: string,
    reminder: { readonly dueSince: Instant; readonly at: Instant; readonly without: readonly MethodId[] },
  ): Promise<boolean>;
  /** Takes back the claim of this moment, because the reminder was not sent. */
  release(accountId: string, at: Instant): Promise<void>;
}

interface ReminderServices {
  readonly policyReport: PolicyReport;
  readonly store: ReminderStore;
  readonly post: Mailer;
  readonly audit: Audit;
  readonly transaction: Transact;
  readonly clock: Clock;
}

export interface ReminderOutcome {
  /** Accepted by the mail server, or queued. */
  readonly sent: number;
  /** Refused by the mail server. The next run tries again. */
  readonly refused: number;
}

/** A person whose grace ends soon. */
interface Remindable extends PersonRow {
  readonly deadline: Instant;
  /** Since when the present reminder has been due. */
  readonly dueSince: Instant;
}

/** Reminds people seven days and one day before their grace ends. */
export class Reminders {
  readonly #services: ReminderServices;

  constructor(services: ReminderServices) {
    this.#services = services;
  }

  /** Sends all reminders that are due. Repeated or concurrent runs send no reminder twice. */
  async send(actor: Actor): Promise<ReminderOutcome> {
    const outcome = { sent: 0, refused: 0 };
    for await (const counted of this.#services.policyReport.everybody()) {
      const remindable = remindableAt(this.#services.clock(), counted);
      const became = remindable && (await this.#remind(remindable, actor));
      if (became) outcome[became] += 1;
    }
    return outcome;
  }

  async #remind(
    { account, policy, deadline, dueSince }: Remindable,
    actor: Actor,
  ): Promise<keyof ReminderOutcome | undefined> {
    const { store, post, audit, transaction, clock } = this.#services;
    const at = clock();
    const reasons = policy.decisive.map(({ source }) => source);
    const held = await transaction(this.#services, async ({ store, post }) => {
      const isOurs = await store.claim(account.id, { dueSince, at, without: policy.methods });
      return isOurs
        ? post.claim(account, { kind: 'two-factor reminder', deadline, reasons }, actor)
        : undefined;
    });
    if (!held) return undefined;
    if ((await post.deliver(held)) === 'refused') {
      await store.release(account.id, at);
      return 'refused';
    }
    const detail = { deadline: new Date(deadline).toISOString() };
    await audit.record('two-factor.reminded', actor, account, detail);
    return 'sent';
  }
}

/** Undefined if no deadline is near, or the person cannot or need not enrol: disabled, invited, or has what is required. */
function remindableAt(now: Instant, counted: PersonRow): Remindable | undefined {
  const { account, authenticators, policy } = counted;
  if (policy.deadline?.kind !== 'at') return undefined;
  if (account.disabledAt !== null || account.passwordHash === null) return undefined;
  if (satisfyingAuthenticators(policy, authenticators).length > 0) return undefined;
  const { at: deadline } = policy.deadline;
  const before = REMINDED_BEFORE.find((time) => now >= deadline - time);
  return before === undefined ? undefined : { ...counted, deadline, dueSince: deadline - before };
}
