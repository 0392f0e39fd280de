import { type Actor, isOperator } from '../audit/audit.ts';
import { type Clock, hours, type Instant } from '../kernel/time.ts';
import { bind, type Transaction } from '../kernel/transaction.ts';
import type { Notices } from '../mail/notices.ts';
import type { Notice } from '../mail/vocabulary.ts';
import type { SettingsStore } from '../settings/settings.ts';
import { type Account, canApprove } from './account.ts';
import type { Accounts } from './accounts.ts';

/**
 * While a second approval is needed, a new administrator's approval counts only after this time. The others are mailed and
 * have a weekend and a working day to object. Otherwise one administrator could invite themselves as the second.
 */
export const PROBATION = hours(72);

/** With fewer approvers, nobody could object to a new administrator. */
const APPROVERS_NEEDED = 2;

interface AdministratorsServices {
  readonly accounts: Pick<Accounts, 'administrators' | 'stopProbations' | 'endProbations'>;
  readonly settings: Pick<SettingsStore, 'read'>;
  readonly notices: Notices;
  readonly clock: Clock;
}

/** Rules about all administrators: whose approval counts, and notices to all of them. */
export class Administrators {
  readonly #services: AdministratorsServices;

  constructor(services: AdministratorsServices) {
    this.#services = services;
  }

  in(tx: Transaction): Administrators {
    return new Administrators(bind(this.#services, tx));
  }

  /**
   * When the approval of an administrator whom `actor` creates now starts to count; null: never. Without a second approval it
   * counts at once: one administrator can reset 2FA alone, so a wait protects nothing. Call it in the transaction that
   * makes the administrator.
   */
  async approvesFrom(actor: Actor): Promise<Instant | null> {
    const now = this.#services.clock();
    const { resets } = await this.#services.settings.read();
    if (!resets.secondApproval || isOperator(actor)) return now;
    return (await this.enoughApprove()) ? now + PROBATION : null;
  }

  /**
   * Like `approvesFrom`, for an account that is enabled again; undefined: unchanged. The time in which the account was disabled
   * does not count as waiting time, because nobody objects to a disabled account. An approval that counted before still counts.
   */
  async approvesFromAgain(account: Account, actor: Actor): Promise<Instant | null | undefined> {
    const { role, disabledAt, approvesFrom } = account;
    if (role !== 'administrator' || disabledAt === null) return undefined;
    const counted = approvesFrom !== null && approvesFrom <= disabledAt;
    return counted ? undefined : this.approvesFrom(actor);
  }

  /** Whether there are at least two administrators whose approval counts now. */
  async enoughApprove(): Promise<boolean> {
    const now = this.#services.clock();
    const all = await this.#services.accounts.administrators();
    return all.filter((one) => canApprove(one, now)).length >= APPROVERS_NEEDED;
  }

  /**
   * Call it after an administrator was disabled or lost the role. If fewer than two approvers are left, the approval of new
   * administrators no longer counts by waiting: otherwise one administrator could first remove those who would object.
   */
  async oneIsGone(): Promise<void> {
    const { accounts, clock } = this.#services;
    if (!(await this.enoughApprove())) await accounts.stopProbations(clock());
  }

  /**
   * Call it after the second approval was switched on or off: the approval of every present administrator counts. An open
   * invitation or a disabled account may be a spare account of one administrator: while a second approval is needed, it waits.
   */
  async secondApprovalIs(isOn: boolean): Promise<void> {
    const now = this.#services.clock();
    await this.#services.accounts.endProbations(now, isOn ? now + PROBATION : now);
  }

  /** Mails all enabled administrators, except the `concerned`. */
  async tell(
    notice: Notice,
    actor: Actor,
    about = '',
    concerned: readonly Pick<Account, 'id'>[] = [],
  ): Promise<void> {
    for (const one of await this.#services.accounts.administrators()) {
      if (!concerned.some(({ id }) => id === one.id))
        await this.#services.notices.tellColleague(one, notice, actor, about);
    }
  }
}
