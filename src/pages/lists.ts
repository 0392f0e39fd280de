import type { Request } from 'express';
import type { Translator } from '../words.ts';

/** So many rows stand on a page of a list. */
export const PAGE_SIZE = 50;

/** One page of a list, and how to get to the others; for the partial `pages`. */
export interface ListPage<Found> {
  readonly found: Found;
  readonly pagination: {
    readonly page: number;
    readonly pages: number;
    readonly href: (page: number) => string;
  };
}

/**
 * The page of a list that the query asks for; where it asks for one behind the last (rows went, or the URL was made
 * up), the last. `filters` go along in the links.
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

/** How many were found: of a list that is counted up to a limit, whether there are more. */
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

/** Six digits are far more pages than there are, and no number that a database chokes on. */
function askedPage(text: unknown): number {
  return typeof text === 'string' && /^[1-9]\d{0,5}$/.test(text) ? Number(text) : 1;
}

function queryOf(filters: Readonly<Record<string, string>>, page: number): URLSearchParams {
  const used = Object.entries(filters).filter(([, value]) => value !== '');
  return new URLSearchParams([...used, ['page', String(page)]]);
}
