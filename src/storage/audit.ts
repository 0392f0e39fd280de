import type { Knex } from 'knex';
import { z } from 'zod';
import {
  AUDIT_EVENTS,
  type AuditEvent,
  type AuditFilter,
  type AuditPage,
  type AuditQuery,
  type AuditStore,
} from '../audit/audit.ts';
import type { Instant } from '../time.ts';
import { pageOf } from './pages.ts';
import { containing, countOf, json, searchKey, whole } from './rows.ts';

const TABLE = 'audit_events';
const BATCH = 500;

const eventRow = z
  .object({
    id: z.string(),
    at: whole,
    event: z.enum(AUDIT_EVENTS),
    actor_id: z.string().nullable(),
    actor_label: z.string(),
    subject_id: z.string().nullable(),
    subject_label: z.string(),
    address: z.string(),
    browser: z.string(),
    request_id: z.string(),
    detail: json.pipe(z.record(z.string(), z.string())),
  })
  .transform(
    (row): AuditEvent => ({
      id: row.id,
      at: row.at,
      event: row.event,
      actorId: row.actor_id,
      actorLabel: row.actor_label,
      subjectId: row.subject_id,
      subjectLabel: row.subject_label,
      address: row.address,
      browser: row.browser,
      requestId: row.request_id,
      detail: row.detail,
    }),
  );

/** The audit log in the database: added to and read, never changed, and shortened from its old end alone. */
export class KnexAuditStore implements AuditStore {
  readonly #db: Knex;

  constructor(db: Knex) {
    this.#db = db;
  }

  async append(events: readonly AuditEvent[]): Promise<void> {
    if (events.length > 0) await this.#db(TABLE).insert(events.map(newRow));
  }

  /** Newest first; the first page is 1; `from` is the first moment that counts, `to` the first that no longer does. */
  async search(query: AuditQuery): Promise<AuditPage> {
    const { rows, ...counted } = await pageOf(this.#db, this.#fitting(query), query, newestFirst);
    return { events: z.array(eventRow).parse(rows), ...counted };
  }

  async *each(filter: AuditFilter): AsyncIterable<AuditEvent> {
    let last: AuditEvent | undefined;
    for (;;) {
      const found = this.#fitting(filter);
      // By what it is sorted by, not by an offset: events that are written meanwhile push nothing out of its place.
      if (last) found.whereRaw('(at, id) < (?, ?)', [last.at, last.id]);
      const rows: unknown = await newestFirst(found).limit(BATCH);
      const events = z.array(eventRow).parse(rows);
      yield* events;
      if (events.length < BATCH) return;
      last = events.at(-1);
    }
  }

  async countBefore(moment: Instant): Promise<number> {
    return countOf(await this.#before(moment).count({ total: '*' }).first());
  }

  async removeBefore(moment: Instant): Promise<number> {
    return this.#before(moment).delete();
  }

  #before(moment: Instant): Knex.QueryBuilder {
    return this.#db(TABLE).where('at', '<', moment);
  }

  #fitting({ event, subjectId, partyId, person, from, to, ...others }: AuditFilter): Knex.QueryBuilder {
    // A filter that is forgotten here would show one person the events of all: the compiler asks for every one.
    others satisfies Record<string, never>;
    const found = this.#db(TABLE);
    if (subjectId !== undefined) found.where('subject_id', subjectId);
    if (partyId !== undefined) {
      found.where((either) => either.where('subject_id', partyId).orWhere('actor_id', partyId));
    }
    if (event !== undefined) found.where('event', event);
    if (person !== undefined) found.whereRaw("people_key like ? escape '!'", [containing(person.trim())]);
    if (from !== undefined) found.where('at', '>=', from);
    if (to !== undefined) found.where('at', '<', to);
    return found;
  }
}

function newestFirst(found: Knex.QueryBuilder): Knex.QueryBuilder {
  return found.orderBy([
    { column: 'at', order: 'desc' },
    { column: 'id', order: 'desc' },
  ]);
}

function newRow(event: AuditEvent) {
  return {
    id: event.id,
    at: event.at,
    event: event.event,
    actor_id: event.actorId,
    actor_label: event.actorLabel,
    subject_id: event.subjectId,
    subject_label: event.subjectLabel,
    people_key: searchKey(`${event.actorLabel}\n${event.subjectLabel}`),
    address: event.address,
    browser: event.browser,
    request_id: event.requestId,
    detail: JSON.stringify(event.detail),
  };
}
