import { newId } from '../kernel/identifiers.ts';
import type { Clock, Instant } from '../kernel/time.ts';
import {
  type AfterCommit,
  afterCommit,
  bind,
  type Transact,
  type Transaction,
} from '../kernel/transaction.ts';
import type { AuditEvent } from './event.ts';
import { Repeats } from './repeats.ts';
import type { AuditEventName } from './vocabulary.ts';

/** Who sent a request, as far as the portal can tell. */
export interface Origin {
  readonly requestId: string;
  /** Client address, by the trusted proxies only (ASVS 15.3.4). */
  readonly address: string;
  /** "Firefox on Linux", "Lynx": the browser's own claim, for a person to recognise. */
  readonly browser: string;
  /** Of the page that the request came from, as a code of the catalogues; none for the command line. It is not kept. */
  readonly language?: string;
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

/** Called for each recorded event, once it is committed. */
export type AuditObserver = (event: AuditEvent) => void;

export interface Party {
  readonly id: string | null;
  readonly label: string;
}

interface AuditServices {
  readonly store: AuditStore;
  readonly clock: Clock;
  readonly transaction: Transact;
  readonly observe?: AuditObserver;
}

export class Audit {
  readonly #services: AuditServices;
  readonly #repeats: Repeats;
  readonly #afterCommit: AfterCommit;

  constructor(services: AuditServices, repeats = new Repeats(services.clock), whenKept = afterCommit) {
    this.#services = services;
    this.#repeats = repeats;
    this.#afterCommit = whenKept;
  }

  in(tx: Transaction): Audit {
    return new Audit(bind(this.#services, tx), this.#repeats, this.#afterCommit.in(tx));
  }

  /**
   * Adds an event to the audit log. `subject` is whom it concerns, by default the actor; `details` are short strings,
   * never a code, a password or a token.
   *
   * Rejects when the store does: an action that cannot be recorded must not go through unseen (ASVS 16.3). Refusals by a
   * rate limit are counted: the first has an entry, and the next entry says how many there were in between.
   */
  async record(
    event: AuditEventName,
    actor: Actor,
    subject: AuditSubject = actor.party,
    details: AuditEvent['detail'] = {},
  ): Promise<void> {
    const happened = this.#event(event, actor, subject, details);
    const entry = this.#repeats.entryFor(happened);
    if (entry === undefined) return this.#observe(happened);
    try {
      await this.#append([entry]);
    } catch (error) {
      this.#repeats.notKept(entry);
      throw error;
    }
  }

  /** Adds one event for each of the subjects, in one statement. At most 500. */
  async recordEach(event: AuditEventName, actor: Actor, subjects: readonly AuditSubject[]): Promise<void> {
    await this.#append(subjects.map((subject) => this.#event(event, actor, subject, {})));
  }

  /** Writes down how often the latest refusals were repeated, where nothing further came that would say so. */
  async recordRest(): Promise<void> {
    const rest = this.#repeats.rest();
    if (rest.length > 0) await this.#services.store.append(rest);
  }

  async search(query: AuditQuery): Promise<AuditPage> {
    return this.#services.store.search(query);
  }

  /** For exports: everything that fits, newest first. */
  each(filter: AuditFilter): AsyncIterable<AuditEvent> {
    return this.#services.store.each(filter);
  }

  /** How many events `prune` would remove. */
  async countBefore(before: Instant): Promise<number> {
    return this.#services.store.countBefore(before);
  }

  /**
   * Removes what is older than the moment, which nothing else does, and returns how many events that were. None goes
   * without one that says so.
   */
  async prune(before: Instant, actor: Actor): Promise<number> {
    return this.#services.transaction(this.#services, async ({ store }, tx) => {
      const removed = await store.removeBefore(before);
      const detail = { events: String(removed), before: new Date(before).toISOString() };
      await this.in(tx).record('audit.pruned', actor, actor.party, detail);
      return removed;
    });
  }

  async #append(events: readonly AuditEvent[]): Promise<void> {
    await this.#services.store.append(events);
    for (const event of events) this.#observe(event);
  }

  #observe(event: AuditEvent): void {
    const { observe } = this.#services;
    if (observe) this.#afterCommit(() => observe(event));
  }

  #event(
    event: AuditEventName,
    { party: by, origin }: Actor,
    subject: AuditSubject,
    detail: AuditEvent['detail'],
  ): AuditEvent {
    const at = this.#services.clock();
    const concerned = 'email' in subject ? party(subject) : subject;
    return {
      id: newId(at),
      at,
      event,
      actorId: by.id,
      actorLabel: by.label,
      subjectId: concerned.id,
      subjectLabel: concerned.label,
      address: origin.address,
      browser: origin.browser,
      requestId: origin.requestId,
      detail,
    };
  }
}

/** Whom an event concerns: an account, or anybody else by a label. */
export type AuditSubject = Party | { readonly id: string; readonly email: string };

/** An account as a party of an event. */
export function party(account: { readonly id: string; readonly email: string }): Party {
  return { id: account.id, label: account.email };
}

/** Who does something, and from where. */
export interface Actor {
  readonly party: Party;
  readonly origin: Origin;
}

/** Whether the command line does it: a person with access to the machine can do everything anyway. */
export function isOperator({ party: { id } }: Actor): boolean {
  return id === null;
}
