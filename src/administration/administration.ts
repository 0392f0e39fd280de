import type { Account, Role } from '../accounts/account.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { Administrators } from '../accounts/administrators.ts';
import type { Links } from '../accounts/links.ts';
import { type Actor, type Audit, isOperator } from '../audit/audit.ts';
import type { Attempts } from '../codes/attempts.ts';
import type { Clock, Instant } from '../kernel/time.ts';
import { bind, type Transact, type Transaction } from '../kernel/transaction.ts';
import type { Notices } from '../mail/notices.ts';
import type { PersonSnapshot } from '../policy/snapshot.ts';
import { type Grace, graceFact } from '../settings/grace.ts';
import type { SettingsStore } from '../settings/settings.ts';
import type { Authenticators } from '../two-factor/authenticator.ts';
import type { TrustedBrowserStore } from '../two-factor/trusted-browser.ts';

interface AdministrationServices {
  readonly accounts: Accounts;
  readonly administrators: Administrators;
  readonly settings: Pick<SettingsStore, 'read'>;
  readonly authenticators: Authenticators;
  readonly links: Links;
  readonly attempts: Attempts;
  readonly trust: Pick<TrustedBrowserStore, 'clear'>;
  readonly audit: Audit;
  readonly notices: Notices;
  readonly transaction: Transact;
  /** Runs decisions over people one at a time, each in a transaction. */
  readonly policyLock: Transact;
  readonly clock: Clock;
}

/** "last administrator": refused, because no enabled administrator would be left. */
export type AdministrationOutcome = 'done' | 'last administrator';

export type Lockout = { readonly kind: 'blocked' } | { readonly kind: 'waiting'; readonly until: Instant };

/** Changes of other people's accounts by an administrator, in the pages or at the command line. All are audited. */
export class Administration {
  readonly #services: AdministrationServices;

  constructor(services: AdministrationServices) {
    this.#services = services;
  }

  in(tx: Transaction): Administration {
    return new Administration(bind(this.#services, tx));
  }

  /**
   * Removes every authenticator, ends every session, and lifts blocks and waits, all or nothing. False if a second administrator
   * has to approve; the command line needs no approval.
   */
  async resetTwoFactor(account: Account, actor: Actor): Promise<boolean> {
    const { policyLock } = this.#services;
    return policyLock(this.#services, async ({ authenticators, settings, clock }, tx) => {
      const { resets } = await settings.read();
      if (resets.secondApproval && !isOperator(actor)) return false;
      const removed = await authenticators.reset(account.id, actor.party.label, clock());
      await this.in(tx).tellOfReset(account, removed, actor);
      return true;
    });
  }

  /** Records how many authenticators were removed, and mails the person. Call it in the transaction that removes them. */
  async tellOfReset(account: Account, removed: number, actor: Actor): Promise<void> {
    await this.#services.audit.record('two-factor.reset', actor, account, {
      authenticators: String(removed),
    });
    await this.#services.notices.tell(account, 'two-factor reset', actor);
  }

  /** Why the person cannot use an authenticator now: one is blocked, or wrong codes caused a wait; undefined if neither. */
  async lockout({
    account,
    authenticators,
  }: Pick<PersonSnapshot, 'account' | 'authenticators'>): Promise<Lockout | undefined> {
    if (authenticators.some(({ blockedAt }) => blockedAt !== null)) return { kind: 'blocked' };
    const until = await this.#services.attempts.waiting(account.id);
    return until === undefined ? undefined : { kind: 'waiting', until };
  }

  /** Unblocks authenticators and ends the wait after wrong codes. Removes no authenticator. */
  async unlock(account: Account, actor: Actor): Promise<void> {
    const { transaction } = this.#services;
    await transaction(this.#services, async ({ authenticators, attempts, notices, audit }) => {
      await attempts.reset(account.id);
      await authenticators.unblock(account.id);
      await audit.record('authenticators.freed', actor, account);
      await notices.tell(account, 'authenticators freed', actor);
    });
  }

  async endSessions(account: Account, actor: Actor): Promise<void> {
    const { transaction } = this.#services;
    await transaction(this.#services, async ({ accounts, notices, audit }) => {
      await accounts.endSessions(account.id);
      await audit.record('account.sessions-ended', actor, account);
      await notices.tell(account, 'sessions ended', actor);
    });
  }

  /** Disables the account: its sessions and links end at once, and it cannot sign in. */
  async disable(account: Account, actor: Actor): Promise<AdministrationOutcome> {
    const { policyLock } = this.#services;
    return policyLock(this.#services, async ({ accounts, administrators, links, notices, clock, audit }) => {
      if (!(await accounts.disable(account.id, clock()))) return 'last administrator';
      await links.dropFor(account.id);
      await administrators.oneIsGone();
      await audit.record('account.disabled', actor, account);
      await notices.tell(account, 'account disabled', actor);
      if (account.role === 'administrator') {
        await administrators.tell('administrator gone', actor, account.email, [account]);
      }
      return 'done';
    });
  }

  async enable(account: Account, actor: Actor): Promise<void> {
    const { policyLock } = this.#services;
    await policyLock(this.#services, async ({ accounts, administrators, notices, audit }) => {
      const present = (await accounts.find(account.id)) ?? account;
      await accounts.enable(account.id, await administrators.approvesFromAgain(present, actor));
      await audit.record('account.enabled', actor, account);
      await notices.tell(account, 'account enabled', actor);
      if (account.role === 'administrator') {
        await administrators.tell('administrator made', actor, account.email, [account]);
      }
    });
  }

  async setRole(account: Account, role: Role, actor: Actor): Promise<AdministrationOutcome> {
    const { policyLock } = this.#services;
    return policyLock(this.#services, async ({ accounts, administrators, trust, notices, audit }) => {
      const isMade = role === 'administrator';
      const approvesFrom = isMade ? await administrators.approvesFrom(actor) : null;
      if (!(await accounts.setRole(account.id, role, approvesFrom))) return 'last administrator';
      if (!isMade) await administrators.oneIsGone();
      // Trust that was given to a member must not count for an administrator, not even after the role changes back.
      await trust.clear({ accountId: account.id });
      await audit.record('account.role-changed', actor, account, { role });
      await notices.tell(account, 'role changed', actor);
      const notice = isMade ? 'administrator made' : 'administrator gone';
      await administrators.tell(notice, actor, account.email, [account]);
      return 'done';
    });
  }

  /** Makes 2FA mandatory for this person, whatever the other rules say; false if it was enforced already. */
  async enforceTwoFactor(account: Account, grace: Grace, actor: Actor): Promise<boolean> {
    const { policyLock } = this.#services;
    return policyLock(this.#services, async ({ accounts, trust, notices, clock, audit }) => {
      if (!(await accounts.enforce(account.id, { at: clock(), grace }))) return false;
      await trust.clear({ accountId: account.id });
      await audit.record('two-factor.enforced', actor, account, { grace: graceFact(grace) });
      await notices.tell(account, 'two-factor enforced', actor);
      return true;
    });
  }

  /** Lifts "Enforce 2FA": only the rules of the site and the groups still apply. False if nothing was enforced. */
  async liftEnforcement(account: Account, actor: Actor): Promise<boolean> {
    const { policyLock } = this.#services;
    return policyLock(this.#services, async ({ accounts, trust, notices, audit }) => {
      if (!(await accounts.enforce(account.id, null))) return false;
      await trust.clear({ accountId: account.id });
      await audit.record('two-factor.enforcement-lifted', actor, account);
      await notices.tell(account, 'two-factor enforcement lifted', actor);
      return true;
    });
  }
}
