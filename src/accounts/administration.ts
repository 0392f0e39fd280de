import type { Atomically } from '../atomically.ts';
import { type Actor, type Audit, type AuditEventName, party } from '../audit/audit.ts';
import { SECOND_FACTOR_RULE, secondFactorSubject, type Throttle } from '../limits/throttle.ts';
import type { Notices } from '../post/notices.ts';
import type { Clock, Instant } from '../time.ts';
import type { Authenticators } from '../two-factor/authenticator.ts';
import { type Grace, graceFact } from '../two-factor/grace.ts';
import type { TrustedBrowserStore } from '../two-factor/trusted-browsers.ts';
import type { Account, Role } from './account.ts';
import type { Accounts } from './accounts.ts';
import type { Links } from './links.ts';
import type { PersonFacts } from './standings.ts';

interface AdministrationServices {
  readonly accounts: Accounts;
  readonly authenticators: Authenticators;
  readonly links: Links;
  readonly throttle: Throttle;
  readonly trust: Pick<TrustedBrowserStore, 'clear'>;
  readonly audit: Audit;
  readonly notices: Notices;
  readonly atomically: Atomically;
  /** Runs what decides over people: never two at once. */
  readonly deciding: Atomically;
  readonly clock: Clock;
}

/** "last administrator": it would leave the site without an enabled administrator. */
export type AdministrationOutcome = 'done' | 'last administrator';

export type HeldUp = { readonly kind: 'blocked' } | { readonly kind: 'waiting'; readonly until: Instant };

/** What an administrator (in the pages or at the command line) does to somebody's account. All of it is audited. */
export class Administration {
  readonly #services: AdministrationServices;

  constructor(services: AdministrationServices) {
    this.#services = services;
  }

  /** Removes every authenticator, ends every session and frees a blocked or throttled person: all or nothing of it. */
  async resetTwoFactor(account: Account, actor: Actor): Promise<void> {
    const { authenticators, atomically, clock } = this.#services;
    await atomically(async () => {
      const removed = await authenticators.reset(account.id, actor.party.label, clock());
      await this.tellOfReset(account, removed, actor);
    });
  }

  /** Writes down that so many authenticators were taken away, and tells the person; part of whatever takes them. */
  async tellOfReset(account: Account, removed: number, actor: Actor): Promise<void> {
    await this.#record('two-factor.reset', account, actor, { authenticators: String(removed) });
    await this.#services.notices.tell(account, 'two-factor reset', actor);
  }

  /** What keeps the person from proving an authenticator: one that is blocked, or a wait after wrong codes. */
  async heldUp({
    account,
    authenticators,
  }: Pick<PersonFacts, 'account' | 'authenticators'>): Promise<HeldUp | undefined> {
    if (authenticators.some(({ blockedAt }) => blockedAt !== null)) return { kind: 'blocked' };
    const until = await this.#services.throttle.waiting(secondFactorSubject(account.id), SECOND_FACTOR_RULE);
    return until === undefined ? undefined : { kind: 'waiting', until };
  }

  /** Frees blocked authenticators and ends the wait after wrong codes; the authenticators stay. */
  async free(account: Account, actor: Actor): Promise<void> {
    const { authenticators, throttle, notices, atomically } = this.#services;
    await atomically(async () => {
      await authenticators.unblock(account.id);
      await throttle.reset(secondFactorSubject(account.id));
      await this.#record('authenticators.freed', account, actor);
      await notices.tell(account, 'authenticators freed', actor);
    });
  }

  async endSessions(account: Account, actor: Actor): Promise<void> {
    const { accounts, notices, atomically } = this.#services;
    await atomically(async () => {
      await accounts.endSessions(account.id);
      await this.#record('account.sessions-ended', account, actor);
      await notices.tell(account, 'sessions ended', actor);
    });
  }

  /** Nobody signs in with a disabled account; its open sessions and links end at once. */
  async disable(account: Account, actor: Actor): Promise<AdministrationOutcome> {
    const { accounts, links, notices, atomically, clock } = this.#services;
    return atomically(async () => {
      if (!(await accounts.disable(account.id, clock()))) return 'last administrator';
      await links.dropFor(account.id);
      await this.#record('account.disabled', account, actor);
      await notices.tell(account, 'account disabled', actor);
      return 'done';
    });
  }

  async enable(account: Account, actor: Actor): Promise<void> {
    const { accounts, notices, atomically } = this.#services;
    await atomically(async () => {
      await accounts.enable(account.id);
      await this.#record('account.enabled', account, actor);
      await notices.tell(account, 'account enabled', actor);
    });
  }

  async setRole(account: Account, role: Role, actor: Actor): Promise<AdministrationOutcome> {
    const { accounts, notices, atomically } = this.#services;
    return atomically(async () => {
      if (!(await accounts.setRole(account.id, role))) return 'last administrator';
      await this.#record('account.role-changed', account, actor, { role });
      await notices.tell(account, 'role changed', actor);
      return 'done';
    });
  }

  /** From now on 2FA is mandatory for this person, whatever applies to others; false when it has been enforced already. */
  async enforceTwoFactor(account: Account, grace: Grace, actor: Actor): Promise<boolean> {
    const { accounts, trust, notices, deciding, clock } = this.#services;
    return deciding(async () => {
      if (!(await accounts.enforce(account.id, { at: clock(), grace }))) return false;
      await trust.clear({ accountId: account.id });
      await this.#record('two-factor.enforced', account, actor, { grace: graceFact(grace) });
      await notices.tell(account, 'two-factor enforced', actor);
      return true;
    });
  }

  /** What applies to others applies to this person again; false when nothing was enforced. */
  async liftEnforcement(account: Account, actor: Actor): Promise<boolean> {
    const { accounts, trust, notices, deciding } = this.#services;
    return deciding(async () => {
      if (!(await accounts.enforce(account.id, null))) return false;
      await trust.clear({ accountId: account.id });
      await this.#record('two-factor.enforcement-lifted', account, actor);
      await notices.tell(account, 'two-factor enforcement lifted', actor);
      return true;
    });
  }

  async #record(
    event: AuditEventName,
    account: Account,
    { origin, party: administrator }: Actor,
    detail: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await this.#services.audit.record(event, origin, administrator, party(account), detail);
  }
}
