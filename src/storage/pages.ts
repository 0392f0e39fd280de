import type { Knex } from 'knex';
import { z } from 'zod';
import { countOf } from './rows.ts';

/**
 * Lists are counted up to here. Beyond it "more than 10,000" says as much as a number, and counting millions for every page of a
 * list would take seconds.
 */
export const MOST_COUNTED = 10_000;

/** A page of a list; the first is 1. */
interface Wanted {
  readonly page: number;
  readonly pageSize: number;
}

const counted = z.array(z.looseObject({}));

/**
 * The rows of one page, with the `total` of all pages up to `MOST_COUNTED`, by one statement; one more where the page is
 * past the end. `isMore`: there are more than were counted.
 *
 * @param found what is listed, without an order
 * @param withMore what hangs on each row, given the rows of the page: several rows for one, perhaps
 */
export async function pageOf(
  db: Knex,
  found: Knex.QueryBuilder,
  { page, pageSize }: Wanted,
  inOrder: (found: Knex.QueryBuilder) => Knex.QueryBuilder,
  withMore: (page: Knex.QueryBuilder) => Knex.QueryBuilder = (alone) => alone,
): Promise<{ readonly rows: readonly unknown[]; readonly total: number; readonly isMore: boolean }> {
  const counting = () =>
    db.count({ total: '*' }).from(
      found
        .clone()
        .select(db.raw('1'))
        .limit(MOST_COUNTED + 1)
        .as('counted'),
    );
  const asked = inOrder(found.clone())
    .select('*', counting().as('total'))
    .limit(pageSize)
    .offset((page - 1) * pageSize);
  const rows = counted.parse(await withMore(asked));
  const first: unknown = rows[0] ?? (page > 1 ? await counting().first() : { total: 0 });
  const total = countOf(first);
  return { rows, total: Math.min(total, MOST_COUNTED), isMore: total > MOST_COUNTED };
}
