import type { MessageKey } from '../kernel/i18n.ts';

/** Columns of a file of people, in any order; the first two are required. */
export const IMPORT_COLUMNS = ['email', 'name', 'role', 'password_hash', 'groups', 'language'] as const;
export type Column = (typeof IMPORT_COLUMNS)[number];
const NEEDED: readonly Column[] = ['email', 'name'];

/** Aliases of columns, in lower case, with "_" for spaces and hyphens. */
const ALSO_CALLED: ReadonlyMap<string, Column> = new Map([
  ...(['e_mail', 'mail', 'email_address', 'e_mail_address', 'mail_address', 'user_email'] as const).map(
    (name) => [name, 'email'] as const,
  ),
  ...(['full_name', 'fullname', 'display_name', 'displayname'] as const).map(
    (name) => [name, 'name'] as const,
  ),
  ['roles', 'role'],
  ['group', 'groups'],
  ['lang', 'language'],
  ['user_pass', 'password_hash'],
]);

/** Further columns of our own export, which an import ignores. */
const OF_THE_EXPORT: ReadonlySet<string> = new Set([
  ...['id', 'state', 'created', 'last_sign_in', 'methods', 'authenticators'],
]);

export interface Header {
  /** By position; undefined for a skipped column. Nameless columns at the end do not count. */
  readonly columns: readonly (Column | undefined)[];
  /** Names of skipped columns, as in the file. */
  readonly leftOut: readonly string[];
}

export interface HeaderFault {
  readonly key: MessageKey;
  readonly values: Readonly<Record<string, string>>;
}

/** Parses the header line. `leaveOut`: unknown columns are skipped and no error. */
export function readHeader(
  cells: readonly string[],
  { leaveOut }: { readonly leaveOut: boolean },
): Header | HeaderFault {
  const names = cells
    .map((cell) => cell.trim())
    .slice(0, cells.findLastIndex((cell) => cell.trim() !== '') + 1);
  const columns = names.map(columnCalled);
  const known = { columns: IMPORT_COLUMNS.join(', ') };
  const missing = NEEDED.find((column) => !columns.includes(column));
  if (missing) return { key: 'import.no-column', values: { column: missing, ...known } };
  const leftOut = names.filter((_name, index) => columns[index] === undefined);
  const unknown = leftOut.filter((name) => !OF_THE_EXPORT.has(folded(name)));
  // An unknown column must not be dropped silently.
  if (unknown.length > 0 && !leaveOut) {
    return { key: 'import.unknown-columns', values: { unknown: unknown.join(', '), ...known } };
  }
  const twice = columns.find((column, index) => column && columns.indexOf(column) !== index);
  if (twice) return { key: 'import.column-twice', values: { column: twice } };
  return { columns, leftOut };
}

function columnCalled(name: string): Column | undefined {
  const wanted = folded(name);
  return IMPORT_COLUMNS.find((column) => column === wanted) ?? ALSO_CALLED.get(wanted);
}

function folded(name: string): string {
  return name.toLowerCase().replace(/[\s_-]+/g, '_');
}
