import { type Account, canApprove } from '../accounts/account.ts';
import type { Accounts } from '../accounts/accounts.ts';
import { LINK_LIFETIME, type Link, type Links } from '../accounts/links.ts';
import { type Actor, type Audit, party } from '../audit/audit.ts';
import { newId } from '../kernel/identifiers.ts';
import type { Clock, Instant } from '../kernel/time.ts';
import { bind, type Transact, type Transaction } from '../kernel/transaction.ts';
import { LOST_ACCESS_RULE, type RateLimit } from '../limits/rate-limit.ts';
import type { ClaimedMail } from '../mail/mail.ts';
import type { Delivery, Mailer } from '../mail/mailer.ts';
import type { Notices } from '../mail/notices.ts';
import type { ResetRules, SettingsStore } from '../settings/settings.ts';
import type { Administration } from './administration.ts';
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
  readonly rateLimit: RateLimit;
  readonly settings: SettingsStore;
  readonly post: Mailer;
  readonly notices: Notices;
  readonly audit: Audit;
  readonly transaction: Transact;
  readonly clock: Clock;
}

export type AskOutcome =
  /** The request is open, whatever the `delivery` of the mail that can cancel it. */
  | { readonly kind: 'asked'; readonly delivery: Delivery }
  | { readonly kind: 'open already' }
  | { readonly kind: 'wait'; readonly until: Instant };

export type DecisionOutcome =
  | { readonly kind: 'carried out' }
  | { readonly kind: 'approved'; readonly dueAt: Instant }
  | { readonly kind: Exclude<ApprovalOutcome, 'complete'> };

/** A live cancel link, with its request and account. */
export interface Cancellation {
  readonly link: Link;
  readonly request: ResetRequest;
  readonly account: Account;
}

/**
 * Requests to reset an account's second factor. The requester has proven the password only, and may be a thief. So the person
 * gets a mail with a link to cancel, and administrators check the identity before the reset (ASVS 6.4.4).
 */
export class ResetRequests {
  readonly #services: ResetRequestServices;

  constructor(services: ResetRequestServices) {
    this.#services = services;
  }

  in(tx: Transaction): ResetRequests {
    return new ResetRequests(bind(this.#services, tx));
  }

  /** The person asks, after the password. An account has at most one open request, also with concurrent calls. */
  async ask(
    account: Account,
    told: { readonly happened: string; readonly contact: string },
    actor: Actor,
  ): Promise<AskOutcome> {
    if (await this.openOf(account)) return { kind: 'open already' };
    const permission = await this.#services.rateLimit.consume(`lost-access:${account.id}`, LOST_ACCESS_RULE);
    if (permission.kind === 'wait') {
      // A concurrent submission of the same form may have just opened the request: then this one is not refused.
      if (await this.openOf(account)) return { kind: 'open already' };
      await this.#services.audit.record('reset-request.throttled', actor, account);
      return permission;
    }
    const request = this.#newRequest(account, 'person', told, actor);
    const held = await this.#open(account, request, actor);
    if (!held) return { kind: 'open already' };
    return { kind: 'asked', delivery: await this.#services.post.deliver(held) };
  }

  /** An administrator asks another one to approve a reset. Returns the account's open request, new or existing. */
  async askFor(
    account: Account,
    note: string,
    administrator: Account,
    actor: Actor,
  ): Promise<{ readonly isNew: boolean; readonly id: string }> {
    const request = this.#newRequest(account, 'administrator', { happened: '', contact: '' }, actor);
    const counts = canApprove(administrator, request.askedAt);
    const approval = counts ? { administratorId: administrator.id, at: request.askedAt, note } : undefined;
    const held = await this.#open(account, request, actor, approval, note);
    if (held) {
      await this.#services.post.deliver(held);
      return { isNew: true, id: request.id };
    }
    const open = await this.openOf(account);
    // The open request was closed meanwhile: ask again.
    return open ? { isNew: false, id: open.id } : this.askFor(account, note, administrator, actor);
  }

  /** Opens the request with the mail that can cancel it, in one transaction; undefined if one is open already. */
  async #open(
    account: Account,
    request: NewResetRequest,
    actor: Actor,
    approval?: Approval,
    note = '',
  ): Promise<ClaimedMail | undefined> {
    const { kind: by, askedAt: at } = request;
    return this.#services.transaction(this.#services, async ({ audit, links, post, store }) => {
      if (!(await store.open(request, approval))) return undefined;
      await audit.record(
        'reset-request.made',
        actor,
        account,
        by === 'administrator' ? { identity: note } : undefined,
      );
      const link = await this.#cancelLink(links, account);
      const message = { kind: 'reset requested', by, at, origin: actor.origin, ...link } as const;
      return post.claim(account, message, actor);
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
   * Adds an administrator's approval. With the last one that the settings require, the reset is carried out: at once, or after
   * the waiting period.
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
    const kind = await this.#services.transaction(
      this.#services,
      async ({ audit, links, post, store }, tx) => {
        const given = await store.approve(request.id, approval, { needed, dueAt });
        if (given !== 'complete' && given !== 'one more') return given;
        await audit.record('reset-request.approved', actor, account, { identity: note });
        if (given === 'one more') return given;
        if (dueAt > at) {
          const link = await this.#cancelLink(links, account);
          await post.queue(account, { kind: 'reset approved', dueAt, ...link }, actor);
          return 'approved';
        }
        return (await this.in(tx).#reset(request, account, actor)) ? 'carried out' : 'closed';
      },
    );
    return kind === 'approved' ? { kind, dueAt } : { kind };
  }

  /** False if it was closed meanwhile. */
  async refuse(request: ResetRequest, note: string, actor: Actor): Promise<boolean> {
    const { transaction, clock } = this.#services;
    const closing = { state: 'refused', by: actor.party.label, note, at: clock() } as const;
    const account = await this.#accountOf(request);
    return transaction(this.#services, async ({ store, notices, audit }) => {
      if (!(await store.close(request.id, closing))) return false;
      await audit.record('reset-request.refused', actor, account, { reason: note });
      await notices.tell(account, 'reset refused', actor);
      return true;
    });
  }

  /** Resets if the request is due and enough of its approvals count; true for one caller only. */
  async carryOut(request: ResetRequest, actor: Actor): Promise<boolean> {
    return this.#reset(request, await this.#accountOf(request), actor);
  }

  async #reset({ id }: ResetRequest, account: Account, actor: Actor): Promise<boolean> {
    const { transaction } = this.#services;
    const { needed } = await this.#rules();
    return transaction(this.#services, async ({ store, administration, clock, audit }) => {
      const removed = await store.carryOut(id, actor.party.label, { needed, at: clock() });
      if (removed === undefined) return false;
      await audit.record('reset-request.carried-out', actor, account);
      await administration.tellOfReset(account, removed, actor);
      return true;
    });
  }

  /** Carries out all requests that are due; returns how many. Concurrent calls carry out each request once. */
  async carryOutDue(actor: Actor): Promise<number> {
    const { store, clock } = this.#services;
    let count = 0;
    for (const request of await store.due(clock())) if (await this.carryOut(request, actor)) count += 1;
    return count;
  }

  /** What a cancel link would cancel; undefined if the link is dead or no request is open. */
  async cancellation(token: string): Promise<Cancellation | undefined> {
    const link = await this.#services.links.look('cancel request', token);
    const account = link?.accountId ? await this.#services.accounts.find(link.accountId) : undefined;
    const request = account && (await this.openOf(account));
    return link && account && request ? { link, account, request } : undefined;
  }

  /** Cancels by the link, without a sign-in; false if the request was closed meanwhile. */
  async cancel({ link, account, request }: Cancellation, origin: Actor['origin']): Promise<boolean> {
    const { transaction, clock } = this.#services;
    const actor = { party: party(account), origin };
    const closing = { state: 'cancelled', by: account.email, note: null, at: clock() } as const;
    return transaction(this.#services, async ({ links, store, notices, audit }) => {
      // Close first, then use up the link: a link that was used up for nothing could no longer stop the request.
      if (!(await store.close(request.id, closing))) return false;
      await links.spend(link);
      await audit.record('reset-request.cancelled', actor, account);
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

  async #cancelLink(
    links: Links,
    account: Account,
  ): Promise<{ readonly token: string; readonly expiresAt: Instant }> {
    const token = await links.issue('cancel request', { accountId: account.id });
    return { token, expiresAt: this.#services.clock() + LINK_LIFETIME['cancel request'] };
  }

  async #accountOf({ accountId }: ResetRequest): Promise<Account> {
    const account = await this.#services.accounts.find(accountId);
    if (!account) throw new Error('A reset request has no account.');
    return account;
  }
}
