import type { Knex } from 'knex';
import { z } from 'zod';
import type { AuditFilter, AuditPage, AuditQuery, AuditStore } from '../audit/audit.ts';
import type { AuditEvent } from '../audit/event.ts';
import { AUDIT_EVENTS } from '../audit/vocabulary.ts';
import type { Instant } from '../kernel/time.ts';
import { oneByOne } from './sql/batches.ts';
import { pageOf } from './sql/pagination.ts';
import { mappedRow, toColumns } from './sql/row-mapper.ts';
import { clientAddress, containing, countOf, integerColumn, json, searchKey } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';

const TABLE = 'audit_events';
const BATCH = 500;

export const eventRow = mappedRow({
  id: z.string(),
  at: integerColumn,
  event: z.enum(AUDIT_EVENTS),
  actorId: z.string().nullable(),
  actorLabel: z.string(),
  subjectId: z.string().nullable(),
  subjectLabel: z.string(),
  address: clientAddress,
  browser: z.string(),
  requestId: z.string(),
  detail: json.pipe(z.record(z.string(), z.string())),
});

/** The audit log in the database: appended to, read, and deleted by age alone; entries never change. */
export class KnexAuditStore extends SqlStore implements AuditStore {
  async append(events: readonly AuditEvent[]): Promise<void> {
    if (events.length > 0) await this.db(TABLE).insert(events.map(newRow));
  }

  /** Newest first. Pages count from 1; `from` is included, `to` is not. */
  async search(query: AuditQuery): Promise<AuditPage> {
    const { rows, ...counted } = await pageOf(this.db, this.#fitting(query), query, newestFirst);
    return { events: z.array(eventRow).parse(rows), ...counted };
  }

  each(filter: AuditFilter): AsyncIterable<AuditEvent> {
    return oneByOne(BATCH, async (last: AuditEvent | undefined) => {
      const found = this.#fitting(filter);
      if (last) found.whereRaw('(at, id) < (?, ?)', [last.at, last.id]);
      const rows: unknown = await newestFirst(found).limit(BATCH);
      return z.array(eventRow).parse(rows);
    });
  }

  async countBefore(moment: Instant): Promise<number> {
    return countOf(await this.#before(moment).count({ total: '*' }).first());
  }

  async removeBefore(moment: Instant): Promise<number> {
    return this.#before(moment).delete();
  }

  #before(moment: Instant): Knex.QueryBuilder {
    return this.db(TABLE).where('at', '<', moment);
  }

  #fitting({ event, subjectId, partyId, person, from, to, ...others }: AuditFilter): Knex.QueryBuilder {
    // A filter forgotten here would show everybody's events to one person: the compiler checks that none is.
    others satisfies Record<string, never>;
    const found = this.db(TABLE);
    if (subjectId !== undefined) found.where('subject_id', subjectId);
    if (partyId !== undefined) {
      found.where((either) => either.where('subject_id', partyId).orWhere('actor_id', partyId));
    }
    if (event !== undefined) found.where('event', event);
    if (person !== undefined)
      found.whereRaw("people_key like ? escape '!'", [containing(searchKey(person.trim()))]);
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
    ...toColumns(eventRow, event),
    people_key: searchKey(`${event.actorLabel}\n${event.subjectLabel}`),
    detail: JSON.stringify(event.detail),
  };
}
