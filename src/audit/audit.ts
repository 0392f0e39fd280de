import type { Atomically } from '../atomically.ts';
import { newId } from '../identifiers.ts';
import type { Clock, Instant } from '../time.ts';

/** Who sent a request, as far as the portal can tell. */
export interface Origin {
  readonly requestId: string;
  /** Client address, by the trusted proxies only (ASVS 15.3.4). */
  readonly address: string;
  /** "Firefox on Linux", "Lynx": the browser's own claim, for a person to recognise. */
  readonly browser: string;
}

/** Everything that is written down. Each has its words in the catalogue under `audit.<name>`. */
export const AUDIT_EVENTS = [
  'setup.completed',
  'sign-in.password-accepted',
  'sign-in.password-refused',
  'sign-in.throttled',
  'sign-in.completed',
  'sign-out',
  'second-step.refused',
  'second-step.throttled',
  'second-step.code-sent',
  'second-step.code-not-sent',
  'second-step.blocked',
  'step-up.completed',
  'step-up.refused',
  'authenticator.created',
  'authenticator.renamed',
  'authenticator.removed',
  'authenticator.replaced',
  'authenticator.preferred',
  'two-factor.reset',
  'two-factor.put-off',
  'two-factor.enforced',
  'two-factor.enforcement-lifted',
  'two-factor.reminded',
  'authenticators.freed',
  'reset-request.made',
  'reset-request.throttled',
  'reset-request.cancelled',
  'reset-request.approved',
  'reset-request.refused',
  'reset-request.carried-out',
  'recovery-codes.created',
  'recovery-code.used',
  'recovery-code.refused',
  'trusted-browser.added',
  'trusted-browser.removed',
  'trusted-browser.replayed',
  'session.ended',
  'password.changed',
  'password.reset-requested',
  'password.reset',
  'email.change-requested',
  'email.changed',
  'name.changed',
  'language.changed',
  'sign-up.requested',
  'links.throttled',
  'account.invited',
  'account.created',
  'account.imported',
  'account.disabled',
  'account.enabled',
  'account.role-changed',
  'account.sessions-ended',
  'policy.changed',
  'group.created',
  'group.changed',
  'group.removed',
  'group.member-added',
  'group.member-removed',
  'keys.rotated',
  'backup.restored',
  'audit.pruned',
  'access.denied',
] as const;

export type AuditEventName = (typeof AUDIT_EVENTS)[number];

/** The names of facts in an event's detail that have words, under `audit-detail.<name>`. */
export const AUDIT_DETAILS = [
  'authenticator',
  'authenticators',
  'before',
  'deadline',
  'events',
  'factors',
  'failures',
  'fault',
  'from',
  'grace',
  'group',
  'help-contact',
  'identity',
  'left',
  'made',
  'method',
  'methods',
  'outcome',
  'path',
  'purpose',
  'reason',
  'role',
  'rows',
  'rule',
  'second-approval',
  'sender',
  'sessions',
  'sign-up',
  'site-name',
  'to',
  'trust-days',
  'waiting-hours',
] as const;

export interface AuditEvent {
  readonly id: string;
  readonly at: Instant;
  readonly event: AuditEventName;
  /** Who did it: an account, or null for nobody known (then `actorLabel` says "command line", an address typed, …). */
  readonly actorId: string | null;
  readonly actorLabel: string;
  /** Whom it concerns. */
  readonly subjectId: string | null;
  readonly subjectLabel: string;
  readonly address: string;
  readonly browser: string;
  readonly requestId: string;
  /** Facts in short strings: never a code, a password, a token. */
  readonly detail: Readonly<Record<string, string>>;
}

export interface AuditFilter {
  readonly event?: AuditEventName;
  /** The account that the events concern. */
  readonly subjectId?: string;
  /** The account that did it, or that it concerns. */
  readonly partyId?: string;
  /** Part of an actor's or subject's label. */
  readonly person?: string;
  readonly from?: Instant;
  readonly to?: Instant;
}

export interface AuditQuery extends AuditFilter {
  readonly page: number;
  readonly pageSize: number;
}

export interface AuditPage {
  readonly events: readonly AuditEvent[];
  readonly total: number;
  /** Whether there are more than that: not all are counted where there are very many. */
  readonly isMore: boolean;
}

/** Where events are kept: they are added and read, never changed, and removed by age alone. */
export interface AuditStore {
  /** At most 500 at once. */
  append(events: readonly AuditEvent[]): Promise<void>;
  search(query: AuditQuery): Promise<AuditPage>;
  /** Everything that fits, newest first, however much it is. */
  each(filter: AuditFilter): AsyncIterable<AuditEvent>;
  /** How many are older. */
  countBefore(moment: Instant): Promise<number>;
  /** Removes what is older; returns how many. */
  removeBefore(moment: Instant): Promise<number>;
}

/** Hears of each event that is written down. */
export type AuditObserver = (event: AuditEvent) => void;

export interface Party {
  readonly id: string | null;
  readonly label: string;
}

export class Audit {
  readonly #store: AuditStore;
  readonly #clock: Clock;
  readonly #atomically: Atomically;
  readonly #observe: AuditObserver;

  constructor(store: AuditStore, clock: Clock, atomically: Atomically, observe: AuditObserver = () => {}) {
    this.#store = store;
    this.#clock = clock;
    this.#atomically = atomically;
    this.#observe = observe;
  }

  /**
   * Writes an event down. `actor` did it, `subject` is whom it concerns (the actor where left out).
   * Fails when the store does: what cannot be recorded must not go on unseen (ASVS 16.3).
   */
  async record(
    event: AuditEventName,
    origin: Origin,
    actor: Party,
    subject: Party = actor,
    detail: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await this.#append([this.#event(event, origin, actor, subject, detail)]);
  }

  /** Writes down that the same was done to each of these, in one go. */
  async recordEach(
    event: AuditEventName,
    { origin, party }: Actor,
    subjects: readonly Party[],
  ): Promise<void> {
    await this.#append(subjects.map((subject) => this.#event(event, origin, party, subject, {})));
  }

  async search(query: AuditQuery): Promise<AuditPage> {
    return this.#store.search(query);
  }

  /** For exports: everything that fits, newest first. */
  each(filter: AuditFilter): AsyncIterable<AuditEvent> {
    return this.#store.each(filter);
  }

  /** How many events `prune` would remove. */
  async countBefore(before: Instant): Promise<number> {
    return this.#store.countBefore(before);
  }

  /**
   * Removes what is older than the moment, which nothing else does, and returns how many events that were. None goes
   * without one that says so.
   */
  async prune(before: Instant, actor: Actor): Promise<number> {
    return this.#atomically(async () => {
      const removed = await this.#store.removeBefore(before);
      const detail = { events: String(removed), before: new Date(before).toISOString() };
      await this.record('audit.pruned', actor.origin, actor.party, actor.party, detail);
      return removed;
    });
  }

  async #append(events: readonly AuditEvent[]): Promise<void> {
    await this.#store.append(events);
    for (const event of events) this.#observe(event);
  }

  #event(
    event: AuditEventName,
    origin: Origin,
    actor: Party,
    subject: Party,
    detail: AuditEvent['detail'],
  ): AuditEvent {
    const at = this.#clock();
    return {
      id: newId(at),
      at,
      event,
      actorId: actor.id,
      actorLabel: actor.label,
      subjectId: subject.id,
      subjectLabel: subject.label,
      address: origin.address,
      browser: origin.browser,
      requestId: origin.requestId,
      detail,
    };
  }
}

/** An account as a party of an event. */
export function party(account: { readonly id: string; readonly email: string }): Party {
  return { id: account.id, label: account.email };
}

/** Who does something, and from where. */
export interface Actor {
  readonly party: Party;
  readonly origin: Origin;
}
