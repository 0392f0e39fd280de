import { CsvError, parse } from 'csv-parse/sync';

/** A row that is not empty; `cells` is undefined if its quotes do not match. */
export interface CsvRow {
  /** Number of its first line; the first is 1. */
  readonly number: number;
  readonly cells: readonly string[] | undefined;
}

/** Maximum of lines in a quoted cell, so that an open quote spoils its own line only. */
const LONGEST_CELL = 50;

/**
 * Reads CSV (RFC 4180). The separator is the one that the first line names ("sep=;", by Excel) or uses: comma, semicolon
 * (spreadsheets whose decimal sign is the comma) or tab (copied cells). The apostrophe of `csvLine` is removed.
 */
export function* readCsv(text: string): Generator<CsvRow> {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  const first = lines.findIndex((line) => line.trim() !== '');
  const [, named] = /^"?sep=(.)"?$/i.exec(lines[first] ?? '') ?? [];
  const delimiter = named ?? delimiterOf(lines[first] ?? '');
  let next = named === undefined ? 0 : first + 1;
  while (next < lines.length) {
    const { cells, taken } = rowAt(lines, next, delimiter);
    // Spreadsheets write emptied rows as separators alone.
    if (!cells?.every((cell) => cell.trim() === '')) yield { number: next + 1, cells };
    next += taken;
  }
}

function delimiterOf(header: string): string {
  const outsideOfQuotes = header.replace(/"[^"]*"/g, '');
  return ['\t', ';'].find((candidate) => outsideOfQuotes.includes(candidate)) ?? ',';
}

/** The row that starts at a line, and the number of its lines. */
function rowAt(lines: readonly string[], start: number, delimiter: string) {
  let row = lines[start] ?? '';
  let isOpen = hasOpenQuote(row);
  let taken = 1;
  while (isOpen && taken < LONGEST_CELL && start + taken < lines.length) {
    const line = lines[start + taken] ?? '';
    row += `\n${line}`;
    isOpen = isOpen !== hasOpenQuote(line);
    taken += 1;
  }
  const cells = isOpen ? undefined : cellsOf(row, delimiter);
  return cells ? { cells, taken } : { cells, taken: 1 };
}

/** Quotes inside a quoted cell are doubled, so an odd number means an open one. */
function hasOpenQuote(line: string): boolean {
  return (line.split('"').length - 1) % 2 === 1;
}

function cellsOf(row: string, delimiter: string): readonly string[] | undefined {
  if (row.trim() === '') return [];
  try {
    // `trim`: quotes count after a space, too (`a, "b, c"`). Within quotes, spaces stay.
    const [cells, ...more] = parse(row, { delimiter, relax_column_count: true, trim: true });
    return more.length === 0 ? (cells ?? []).map(unguarded) : undefined;
  } catch (error) {
    if (error instanceof CsvError) return undefined;
    throw error;
  }
}

/**
 * One line of CSV with CRLF. Spreadsheets execute a cell that starts like a formula, and people choose their own names: such
 * cells get an apostrophe, which makes them text (OWASP, CSV Injection).
 */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(quoted).join(',')}\r\n`;
}

/**
 * The start of a formula, full-width signs included, which some spreadsheets accept. Invisible characters before the sign do not
 * prevent it. An apostrophe before it gets one more, so that reading removes exactly what writing added.
 */
const FORMULA = /^'*(?:[\s\p{Cf}\p{Default_Ignorable_Code_Point}]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|[\t\r\n])/u;

function quoted(cell: string): string {
  const safe = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n;\t']|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function unguarded(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell.slice(1)) ? cell.slice(1) : cell;
}
