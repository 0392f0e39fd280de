import { z } from 'zod';

/** Reads rows into records of these properties, each from the column of its name: `createdAt` from `created_at`. */
export type MappedRow<Shape extends z.ZodRawShape = z.ZodRawShape> = z.ZodPipe<
  z.ZodTransform<unknown, unknown>,
  z.ZodObject<Shape>
>;

/**
 * A schema for the rows of a table (or of a join), by the schemas of its columns. Columns that no property names are left
 * out, a column that is not there is an error. What differs between databases lies in the schemas: `integerColumn` for the
 * 64-bit integers that PostgreSQL returns as text, `json` for objects kept as text.
 */
export function mappedRow<Shape extends z.ZodRawShape>(shape: Shape): MappedRow<Shape> {
  const names = Object.keys(shape).map((property) => [property, columnOf(property)] as const);
  return z.pipe(
    z.transform((row) => {
      const found = Object(row);
      // A loop, because every request maps rows.
      const record: Record<string, unknown> = {};
      for (const [property, column] of names) record[property] = found[column];
      return record;
    }),
    z.object(shape),
  );
}

/** The columns that are read. */
export function columnsOf({ out }: MappedRow): string[] {
  return Object.keys(out.shape).map(columnOf);
}

/** The columns of a record, for an insert or an update; properties that are no columns, or undefined, are left out. */
export function toColumns({ out }: MappedRow, record: object): Record<string, unknown> {
  const kept = Object.entries(record).filter(([name, value]) => name in out.shape && value !== undefined);
  return Object.fromEntries(kept.map(([property, value]) => [columnOf(property), value]));
}

function columnOf(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
