import type { Knex } from 'knex';
import { z } from 'zod';
import { countOf } from './rows.ts';

/**
 * Lists are counted up to here. Beyond it "more than 10,000" is enough, and counting millions for every page would take seconds.
 */
export const MOST_COUNTED = 10_000;

/** A page of a list, counted from 1. */
interface Wanted {
  readonly page: number;
  readonly pageSize: number;
}

const counted = z.array(z.looseObject({}));

/**
 * Reads the rows of one page and the `total` of all pages, up to `MOST_COUNTED`, by one statement; by two if the page is past the
 * end. `isMore`: there are more rows than were counted.
 *
 * @param found the rows of the list, unordered
 * @param withMore joins related rows to those of the page
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
