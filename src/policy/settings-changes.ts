import { isDeepStrictEqual } from 'node:util';
import { type Account, canApprove } from '../accounts/account.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { Administrators } from '../accounts/administrators.ts';
import { type Actor, type Audit, isOperator } from '../audit/audit.ts';
import { differences } from '../audit/differences.ts';
import { newId } from '../kernel/identifiers.ts';
import { type Clock, hours } from '../kernel/time.ts';
import { bind, type Transact, type Transaction } from '../kernel/transaction.ts';
import type { Definitions } from '../settings/definition.ts';
import { type PolicyRule, replaceRule } from '../settings/rule.ts';
import {
  type PendingResets,
  type ResetRules,
  type Settings,
  type SettingsStore,
  siteRule,
} from '../settings/settings.ts';
import { auditedSettings, endsTrust } from '../settings/table.ts';
import type { TrustedBrowserStore } from '../two-factor/trusted-browser.ts';
import { loosensResets, weakensSite } from './weakening.ts';

interface SettingsChangeServices {
  readonly settings: SettingsStore;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly administrators: Administrators;
  readonly trust: Pick<TrustedBrowserStore, 'clear'>;
  readonly audit: Audit;
  /** Runs one change of the policy at a time. */
  readonly policyLock: Transact;
  readonly clock: Clock;
  /** Definitions of the settings; left out: those of the site. */
  readonly table?: Definitions;
}

/** The settings that administrators can change. `mandatorySince` and `pendingResets` follow from them. */
export type SettingsInput = Omit<Settings, 'mandatorySince' | 'pendingResets'>;

/**
 * "waits": the changes that make resets easier wait for another administrator; the other changes are made. "too few approvers":
 * nothing is changed, because a second approval needs two administrators whose approval counts.
 */
export type SettingsOutcome = 'changed' | 'unchanged' | 'waits' | 'too few approvers';

/** "not now": the change no longer waits, it is too early, or one of the two administrators cannot approve. */
export type ConfirmOutcome = 'changed' | 'not now';

/** Changes of the settings, with their consequences: approval, warnings, trust and audit. */
export class SettingsChanges {
  readonly #services: SettingsChangeServices;

  constructor(services: SettingsChangeServices) {
    this.#services = services;
  }

  in(tx: Transaction): SettingsChanges {
    return new SettingsChanges(bind(this.#services, tx));
  }

  /** The site's rule as it would be after the changes. */
  next(present: Settings, changes: Partial<SettingsInput>): PolicyRule {
    return replaceRule(siteRule(present), siteRule({ ...present, ...changes }), this.#services.clock());
  }

  /**
   * Changes what differs, and records the old and the new values. One administrator alone cannot switch the second
   * approval off or shorten its waiting period: that waits for another one. The command line needs no approval.
   */
  async change(changes: Partial<SettingsInput>, actor: Actor): Promise<SettingsOutcome> {
    const { policyLock } = this.#services;
    return policyLock(this.#services, async ({ settings, administrators }, tx) => {
      const present = await settings.read();
      const { resets = present.resets, ...others } = changes;
      const isOwn = isOperator(actor);
      const isSwitchedOn = resets.secondApproval && !present.resets.secondApproval;
      if (isSwitchedOn && !isOwn && !(await administrators.enoughApprove())) return 'too few approvers';
      const waits = !isOwn && loosensResets(present.resets, resets);
      const changed = await this.in(tx).#write(present, waits ? others : { ...others, resets }, actor);
      if (waits) {
        await this.in(tx).#ask(present, resets, actor);
        return 'waits';
      }
      return changed ? 'changed' : 'unchanged';
    });
  }

  /**
   * Another administrator confirms the waiting change, after its waiting period. The approval of both administrators must count,
   * as with a reset. Of concurrent calls, the first one makes the change.
   */
  async confirmResets(id: string, administrator: Account, actor: Actor): Promise<ConfirmOutcome> {
    const { policyLock } = this.#services;
    return policyLock(this.#services, async ({ settings, accounts, administrators, clock }, tx) => {
      const present = await settings.read();
      const pending = present.pendingResets;
      if (pending?.id !== id) return 'not now';
      const asker = await accounts.find(pending.askedBy.id);
      const confirmer = await accounts.find(administrator.id);
      if (!asker || !confirmer || !mayConfirm(pending, confirmer, asker, clock())) return 'not now';
      // Mailed before the change takes effect, like the mail in #ask.
      await administrators.tell('approval change made', actor);
      await this.in(tx).#write(present, { resets: pending.resets }, actor);
      return 'changed';
    });
  }

  /** Cancels the waiting change, which any administrator may do; false if this change does not wait. */
  async cancelResets(id: string, actor: Actor): Promise<boolean> {
    const { policyLock } = this.#services;
    return policyLock(this.#services, async ({ settings, administrators, audit }) => {
      const { resets, pendingResets: pending } = await settings.read();
      if (pending?.id !== id) return false;
      await settings.change({ pendingResets: null });
      const detail = differences(auditedSettings({ resets }), auditedSettings({ resets: pending.resets }));
      await audit.record('policy.change-cancelled', actor, actor.party, detail);
      await administrators.tell('approval change cancelled', actor);
      return true;
    });
  }

  /** False if nothing differs. */
  async #write(present: Settings, changes: Partial<SettingsInput>, actor: Actor): Promise<boolean> {
    const { settings, administrators, trust, audit, table } = this.#services;
    const rule = this.next(present, changes);
    const after = { ...present, ...changes, mandatorySince: rule.since };
    const detail = differences(auditedSettings(present, table), auditedSettings(after, table));
    if (Object.keys(detail).length === 0) return false;
    // Mailed before the change: with another sender, this mail might not arrive.
    if (weakensSite(present, after, table)) await administrators.tell('policy weakened', actor);
    // A waiting change was asked for under the earlier rules, so it is dropped.
    const pending = isDeepStrictEqual(present.resets, after.resets) ? {} : { pendingResets: null };
    await settings.change({ ...changes, mandatorySince: rule.since, ...pending });
    const { secondApproval } = after.resets;
    if (secondApproval !== present.resets.secondApproval)
      await administrators.secondApprovalIs(secondApproval);
    if (endsTrust(present, after, table)) await trust.clear();
    await audit.record('policy.changed', actor, actor.party, detail);
    return true;
  }

  /** Makes the change wait for another administrator, and mails all of them. Does nothing if the same change waits already. */
  async #ask(present: Settings, resets: ResetRules, actor: Actor): Promise<void> {
    const { settings, administrators, audit, clock } = this.#services;
    if (isDeepStrictEqual(present.pendingResets?.resets, resets)) return;
    const detail = differences(auditedSettings({ resets: present.resets }), auditedSettings({ resets }));
    const askedAt = clock();
    const confirmableFrom = askedAt + hours(present.resets.waitingHours);
    const askedBy = { id: actor.party.id ?? '', label: actor.party.label };
    await settings.change({
      pendingResets: { id: newId(askedAt), resets, askedAt, askedBy, confirmableFrom },
    });
    await audit.record('policy.change-asked', actor, actor.party, detail);
    await administrators.tell('approval change asked', actor);
  }
}

/** Whether this administrator can confirm the waiting change that `asker` asked for. */
export function mayConfirm(pending: PendingResets, confirmer: Account, asker: Account, now: number): boolean {
  const areTwo = confirmer.id !== asker.id && canApprove(confirmer, now) && canApprove(asker, now);
  return areTwo && pending.confirmableFrom <= now;
}
