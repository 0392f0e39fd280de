import type { Request } from 'express';
import type { Translator } from '../kernel/i18n.ts';

/** A cell without a value. Text browsers drop empty cells, and the row's other cells shift. */
export const NO_VALUE = '–';

/** Rows per page. */
export const PAGE_SIZE = 50;

/** One page of a list, with links to the others; for the partial `pages`. */
export interface ListPage<Found> {
  readonly found: Found;
  readonly pagination: {
    readonly page: number;
    readonly pages: number;
    readonly href: (page: number) => string;
  };
}

/**
 * The page of a list that the query asks for; the last one if the number is too high (rows were removed, or the URL was
 * typed). The links to other pages contain `filters`.
 */
export async function listPage<Found extends { readonly total: number }>(
  request: Request,
  filters: Readonly<Record<string, string>>,
  search: (page: number) => Promise<Found>,
): Promise<ListPage<Found>> {
  const asked = askedPage(request.query['page']);
  const found = await search(asked);
  const pages = Math.max(1, Math.ceil(found.total / PAGE_SIZE));
  const page = Math.min(asked, pages);
  return {
    found: page === asked ? found : await search(page),
    pagination: { page, pages, href: (to) => `${request.path}?${queryOf(filters, to)}` },
  };
}

const FOUND = {
  people: { number: 'people.found', more: 'people.found-more' },
  entries: { number: 'audit-log.found', more: 'audit-log.found-more' },
} as const;

/** The number of rows. `isMore`: counting stopped at a limit. */
interface Counted {
  readonly total: number;
  readonly isMore?: boolean;
}

/** "3 people", "More than 10,000 people". */
export function foundInWords(
  { total, isMore = false }: Counted,
  what: keyof typeof FOUND,
  words: Translator,
): string {
  const { number, more } = FOUND[what];
  return isMore ? words.t(more, { number: total }) : words.t(number, { count: total });
}

/** The page number of the query, at most six digits: enough for any list, and valid in every database. */
function askedPage(text: unknown): number {
  return typeof text === 'string' && /^[1-9]\d{0,5}$/.test(text) ? Number(text) : 1;
}

function queryOf(filters: Readonly<Record<string, string>>, page: number): URLSearchParams {
  const used = Object.entries(filters).filter(([, value]) => value !== '');
  return new URLSearchParams([...used, ['page', String(page)]]);
}
