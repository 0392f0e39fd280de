import type { Atomically } from '../atomically.ts';
import { type Actor, type Audit, party } from '../audit/audit.ts';
import type { Post } from '../post/post.ts';
import { type Clock, days, type Instant } from '../time.ts';
import type { Census, Counted } from './census.ts';
import type { MethodId } from './method.ts';
import { satisfyingAuthenticators } from './policy.ts';

/** So long before the deadline people are reminded, the last time first. Milliseconds. */
const REMINDED_BEFORE: readonly number[] = [days(1), days(7)];

/** Where it is kept when people were reminded. */
export interface ReminderStore {
  /**
   * True for the one caller who is to remind the account now: by one conditional UPDATE, which asks as well whether it
   * is still enabled and has none of these methods. `dueSince`: an earlier reminder than this was another one.
   */
  claim(
    accountId: string,
    reminder: { readonly dueSince: Instant; readonly at: Instant; readonly without: readonly MethodId[] },
  ): Promise<boolean>;
  /** Takes back what was claimed at this moment: nobody was reminded. */
  release(accountId: string, at: Instant): Promise<void>;
}

interface ReminderServices {
  readonly census: Census;
  readonly store: ReminderStore;
  readonly post: Post;
  readonly audit: Audit;
  readonly atomically: Atomically;
  readonly clock: Clock;
}

export interface ReminderOutcome {
  /** Taken by the mail server, or kept until it takes them. */
  readonly sent: number;
  /** The mail server will not take them: the next run tries again. */
  readonly refused: number;
}

/** Somebody whose grace runs out. */
interface Remindable extends Counted {
  readonly deadline: Instant;
  /** The reminder that is due now has been due since then. */
  readonly dueSince: Instant;
}

/** Reminds those whose grace runs out, seven days before and one day before. */
export class Reminders {
  readonly #services: ReminderServices;

  constructor(services: ReminderServices) {
    this.#services = services;
  }

  /** Sends what is due. Run again, or several times at once, it sends no reminder a second time. */
  async send(actor: Actor): Promise<ReminderOutcome> {
    const outcome = { sent: 0, refused: 0 };
    for await (const counted of this.#services.census.everybody()) {
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
    const { store, post, audit, atomically, clock } = this.#services;
    const at = clock();
    const reasons = policy.decisive.map(({ source }) => source);
    const held = await atomically(async () => {
      const isOurs = await store.claim(account.id, { dueSince, at, without: policy.methods });
      return isOurs ? post.hold(account, { kind: 'two-factor reminder', deadline, reasons }) : undefined;
    });
    if (!held) return undefined;
    if ((await post.deliver(held)) === 'refused') {
      await store.release(account.id, at);
      return 'refused';
    }
    const detail = { deadline: new Date(deadline).toISOString() };
    await audit.record('two-factor.reminded', actor.origin, actor.party, party(account), detail);
    return 'sent';
  }
}

/** Undefined where nothing runs out soon, or who could not heed it: disabled, invited, or with all that is asked. */
function remindableAt(now: Instant, counted: Counted): Remindable | undefined {
  const { account, authenticators, policy } = counted;
  if (policy.deadline?.kind !== 'at') return undefined;
  if (account.disabledAt !== null || account.passwordHash === null) return undefined;
  if (satisfyingAuthenticators(policy, authenticators).length > 0) return undefined;
  const { at: deadline } = policy.deadline;
  const before = REMINDED_BEFORE.find((time) => now >= deadline - time);
  return before === undefined ? undefined : { ...counted, deadline, dueSince: deadline - before };
}
