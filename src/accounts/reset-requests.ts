import type { Atomically } from '../atomically.ts';
import { type Actor, type Audit, type AuditEventName, party } from '../audit/audit.ts';
import { newId } from '../identifiers.ts';
import { type Allowance, LOST_ACCESS_RULE } from '../limits/allowance.ts';
import type { ClaimedMail } from '../post/mail.ts';
import type { Notices } from '../post/notices.ts';
import type { Delivery, Post } from '../post/post.ts';
import type { ResetRules, SettingsStore } from '../settings/settings.ts';
import type { Clock, Instant } from '../time.ts';
import type { Account } from './account.ts';
import type { Accounts } from './accounts.ts';
import type { Administration } from './administration.ts';
import { LINK_LIFETIME, type Link, type Links } from './links.ts';
import {
  type Approval,
  type ApprovalOutcome,
  approvalsNeeded,
  type NewResetRequest,
  type RequestKind,
  type RequestsPage,
  type ResetRequest,
  type ResetRequestStore,
  waitingPeriod,
} from './reset-request.ts';

interface ResetRequestServices {
  readonly store: ResetRequestStore;
  readonly accounts: Accounts;
  readonly administration: Administration;
  readonly links: Links;
  readonly allowance: Allowance;
  readonly settings: SettingsStore;
  readonly post: Post;
  readonly notices: Notices;
  readonly audit: Audit;
  readonly atomically: Atomically;
  readonly clock: Clock;
}

export type AskOutcome =
  /** The request waits for the administrators either way; `delivery` is of the mail that can cancel it. */
  | { readonly kind: 'asked'; readonly delivery: Delivery }
  | { readonly kind: 'open already' }
  | { readonly kind: 'wait'; readonly until: Instant };

export type DecisionOutcome =
  | { readonly kind: 'carried out' }
  | { readonly kind: 'approved'; readonly dueAt: Instant }
  | { readonly kind: Exclude<ApprovalOutcome, 'complete'> };

/** A live link to cancel, and what it cancels. */
export interface Cancellation {
  readonly link: Link;
  readonly request: ResetRequest;
  readonly account: Account;
}

/**
 * Requests to reset an account's second factor. Whoever asks has the password only, and may be the thief: the person is
 * mailed a way to cancel, and administrators vouch for who it is before anything happens (ASVS 6.4.4).
 */
export class ResetRequests {
  readonly #services: ResetRequestServices;

  constructor(services: ResetRequestServices) {
    this.#services = services;
  }

  /** The person asks, half way in. One request of an account is open at a time, however many ask at once. */
  async ask(
    account: Account,
    told: { readonly happened: string; readonly contact: string },
    actor: Actor,
  ): Promise<AskOutcome> {
    if (await this.openOf(account)) return { kind: 'open already' };
    const permission = await this.#services.allowance.take(`lost-access:${account.id}`, LOST_ACCESS_RULE);
    if (permission.kind === 'wait') {
      // The other of two submissions at once may have just made it: that is news, not a refusal.
      if (await this.openOf(account)) return { kind: 'open already' };
      await this.#record('reset-request.throttled', account, actor);
      return permission;
    }
    const request = this.#newRequest(account, 'person', told, actor);
    const held = await this.#open(account, request, actor);
    if (!held) return { kind: 'open already' };
    return { kind: 'asked', delivery: await this.#services.post.deliver(held) };
  }

  /** An administrator asks another to approve a reset; returns the account's open request, new or old. */
  async askFor(
    account: Account,
    note: string,
    administrator: Account,
    actor: Actor,
  ): Promise<{ readonly isNew: boolean; readonly id: string }> {
    const request = this.#newRequest(account, 'administrator', { happened: '', contact: '' }, actor);
    const approval = { administratorId: administrator.id, at: request.askedAt, note };
    const held = await this.#open(account, request, actor, approval);
    if (held) {
      await this.#services.post.deliver(held);
      return { isNew: true, id: request.id };
    }
    const open = await this.openOf(account);
    // Closed in this very moment: then nothing stands in the way of asking again.
    return open ? { isNew: false, id: open.id } : this.askFor(account, note, administrator, actor);
  }

  /** Opens the request, with the mail that can cancel it; undefined where one is open already. */
  async #open(
    account: Account,
    request: NewResetRequest,
    actor: Actor,
    approval?: Approval,
  ): Promise<ClaimedMail | undefined> {
    const { kind: by, askedAt: at } = request;
    return this.#services.atomically(async () => {
      if (!(await this.#services.store.open(request, approval))) return undefined;
      await this.#record('reset-request.made', account, actor, approval && { identity: approval.note });
      const link = await this.#cancelLink(account);
      const message = { kind: 'reset requested', by, at, origin: actor.origin, ...link } as const;
      return this.#services.post.hold(account, message);
    });
  }

  async find(id: string): Promise<ResetRequest | undefined> {
    return this.#services.store.find(id);
  }

  async openOf(account: Account): Promise<ResetRequest | undefined> {
    return this.#services.store.openOf(account.id);
  }

  async search(query: { readonly page: number; readonly pageSize: number }): Promise<RequestsPage> {
    return this.#services.store.search(query);
  }

  /**
   * An administrator vouches for the person. With the last approval that the settings ask for the reset is carried out,
   * at once or after the waiting period.
   */
  async approve(
    request: ResetRequest,
    note: string,
    administrator: Account,
    actor: Actor,
  ): Promise<DecisionOutcome> {
    const { rules, needed } = await this.#rules();
    const at = this.#services.clock();
    const dueAt = at + waitingPeriod(rules);
    const account = await this.#accountOf(request);
    const approval = { administratorId: administrator.id, at, note };
    const kind = await this.#services.atomically(async () => {
      const given = await this.#services.store.approve(request.id, approval, { needed, dueAt });
      if (given !== 'complete' && given !== 'one more') return given;
      await this.#record('reset-request.approved', account, actor, { identity: note });
      if (given === 'one more') return given;
      if (dueAt > at) {
        const link = await this.#cancelLink(account);
        await this.#services.post.queue(account, { kind: 'reset approved', dueAt, ...link });
        return 'approved';
      }
      return (await this.#reset(request, account, actor)) ? 'carried out' : 'closed';
    });
    return kind === 'approved' ? { kind, dueAt } : { kind };
  }

  /** False when it was closed meanwhile. */
  async refuse(request: ResetRequest, note: string, actor: Actor): Promise<boolean> {
    const { store, notices, atomically, clock } = this.#services;
    const closing = { state: 'refused', by: actor.party.label, note, at: clock() } as const;
    const account = await this.#accountOf(request);
    return atomically(async () => {
      if (!(await store.close(request.id, closing))) return false;
      await this.#record('reset-request.refused', account, actor, { reason: note });
      await notices.tell(account, 'reset refused', actor);
      return true;
    });
  }

  /** Resets, if the request is due and enough of its approvals count; true for one caller only. */
  async carryOut(request: ResetRequest, actor: Actor): Promise<boolean> {
    return this.#reset(request, await this.#accountOf(request), actor);
  }

  async #reset({ id }: ResetRequest, account: Account, actor: Actor): Promise<boolean> {
    const { store, administration, atomically, clock } = this.#services;
    const { needed } = await this.#rules();
    return atomically(async () => {
      const removed = await store.carryOut(id, actor.party.label, { needed, at: clock() });
      if (removed === undefined) return false;
      await this.#record('reset-request.carried-out', account, actor);
      await administration.tellOfReset(account, removed, actor);
      return true;
    });
  }

  /** Carries out everything that is due; returns how many there were. Twice at once does nothing twice. */
  async carryOutDue(actor: Actor): Promise<number> {
    const { store, clock } = this.#services;
    let count = 0;
    for (const request of await store.due(clock())) if (await this.carryOut(request, actor)) count += 1;
    return count;
  }

  /** What a cancel link would cancel; undefined when the link is dead or nothing is open any more. */
  async cancellation(token: string): Promise<Cancellation | undefined> {
    const link = await this.#services.links.look('cancel request', token);
    const account = link?.accountId ? await this.#services.accounts.find(link.accountId) : undefined;
    const request = account && (await this.openOf(account));
    return link && account && request ? { link, account, request } : undefined;
  }

  /** Cancels by the link; false when the request was closed meanwhile. It asks for no sign-in. */
  async cancel({ link, account, request }: Cancellation, origin: Actor['origin']): Promise<boolean> {
    const { links, store, notices, atomically, clock } = this.#services;
    const actor = { party: party(account), origin };
    const closing = { state: 'cancelled', by: account.email, note: null, at: clock() } as const;
    return atomically(async () => {
      // Closing decides: a link that was used up for nothing would leave no way to stop the request.
      if (!(await store.close(request.id, closing))) return false;
      await links.spend(link);
      await this.#record('reset-request.cancelled', account, actor);
      await notices.tell(account, 'reset request cancelled', actor);
      return true;
    });
  }

  async #rules(): Promise<{ readonly rules: ResetRules; readonly needed: number }> {
    const { resets } = await this.#services.settings.read();
    return { rules: resets, needed: approvalsNeeded(resets) };
  }

  #newRequest(
    account: Account,
    kind: RequestKind,
    told: { readonly happened: string; readonly contact: string },
    { party: { label }, origin }: Actor,
  ): NewResetRequest {
    const askedAt = this.#services.clock();
    const { browser, address } = origin;
    const id = newId(askedAt);
    return { id, accountId: account.id, kind, askedAt, askedBy: label, browser, address, ...told };
  }

  async #cancelLink(account: Account): Promise<{ readonly token: string; readonly expiresAt: Instant }> {
    const token = await this.#services.links.issue('cancel request', { accountId: account.id });
    return { token, expiresAt: this.#services.clock() + LINK_LIFETIME['cancel request'] };
  }

  async #accountOf({ accountId }: ResetRequest): Promise<Account> {
    const account = await this.#services.accounts.find(accountId);
    if (!account) throw new Error('A reset request has lost its account.');
    return account;
  }

  async #record(
    event: AuditEventName,
    account: Account,
    actor: Actor,
    detail?: Readonly<Record<string, string>>,
  ): Promise<void> {
    await this.#services.audit.record(event, actor.origin, actor.party, party(account), detail);
  }
}
