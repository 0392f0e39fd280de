import { csvLine } from './csv.ts';

/** CSV for spreadsheets, JSON lines (one object a line) for programs. */
export const EXPORT_FORMATS = ['csv', 'jsonl'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export const MEDIA_TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  jsonl: 'application/x-ndjson; charset=utf-8',
};

/** How things of one kind are written. */
export interface Writing<Thing> {
  readonly columns: readonly string[];
  /** A thing's cells, in the order of the columns. */
  readonly cells: (thing: Thing) => readonly string[];
  /** The thing as JSON has it. */
  readonly record: (thing: Thing) => unknown;
}

/** Writes things one by one, however many there are. */
export async function* written<Thing>(
  things: AsyncIterable<Thing>,
  format: ExportFormat,
  { columns, cells, record }: Writing<Thing>,
): AsyncGenerator<string> {
  if (format === 'csv') yield csvLine(columns);
  for await (const thing of things) {
    yield format === 'csv' ? csvLine(cells(thing)) : `${JSON.stringify(record(thing))}\n`;
  }
}
