import { CsvError, parse } from 'csv-parse/sync';

/** One line that holds something; `cells` is undefined where its quotes do not match. */
export interface CsvLine {
  /** As editors count: the first is 1. */
  readonly number: number;
  readonly cells: readonly string[] | undefined;
}

/**
 * Reads CSV (RFC 4180) line by line, separated by what the first line is separated by: commas, semicolons (as
 * spreadsheets write where the comma is the decimal sign) or tabs (as they copy). No cell spans lines: a quote that is
 * left open spoils its own line and no other, and each fault has a number.
 */
export function* readCsv(text: string): Generator<CsvLine> {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  const delimiter = delimiterOf(lines.find((line) => line.trim() !== '') ?? '');
  for (const [index, line] of lines.entries()) {
    const cells = line.trim() === '' ? [] : cellsOf(line, delimiter);
    // Spreadsheets write rows that were emptied as separators alone.
    if (cells?.every((cell) => cell.trim() === '')) continue;
    yield { number: index + 1, cells };
  }
}

function delimiterOf(header: string): string {
  return ['\t', ';'].find((candidate) => header.includes(candidate)) ?? ',';
}

function cellsOf(line: string, delimiter: string): readonly string[] | undefined {
  try {
    return parse(line, { delimiter, relax_column_count: true })[0];
  } catch (error) {
    if (error instanceof CsvError) return undefined;
    throw error;
  }
}

/**
 * One line of CSV with its CRLF. A spreadsheet would run a cell that begins like a formula, and people choose their
 * own names: those cells begin with an apostrophe, which makes them text (OWASP, CSV Injection).
 */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(quoted).join(',')}\r\n`;
}

function quoted(cell: string): string {
  // Full-width signs too: spreadsheets of some languages take them for the others.
  const safe = /^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n;\t']|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
