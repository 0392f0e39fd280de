import { csvLine } from './csv.ts';

/** CSV for spreadsheets, JSON lines (one object per line) for programs. */
export const EXPORT_FORMATS = ['csv', 'jsonl'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export const MEDIA_TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  jsonl: 'application/x-ndjson; charset=utf-8',
};

/** How to write one kind of thing. */
export interface Writing<Thing> {
  readonly columns: readonly string[];
  /** Cells in the order of the columns. */
  readonly cells: (thing: Thing) => readonly string[];
  /** The object for JSON. */
  readonly record: (thing: Thing) => unknown;
}

/** Streams things as lines of the format. */
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
