import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { z } from 'zod';

/** A whole number; PostgreSQL hands out 64-bit ones as text. */
export const whole = z
  .union([z.number(), z.string().regex(/^-?\d+$/)])
  .pipe(z.coerce.number<number | string>().int());

const DRIVERS = z.enum(['better-sqlite3', 'pg', 'mysql2']);
export type Driver = z.infer<typeof DRIVERS>;

/** Which database it is: each knows some things by another name. */
export function driverOf(db: Knex): Driver {
  return DRIVERS.parse(db.client.config.client);
}

/** The rows of a raw statement, which each driver wraps in another way. */
export function rowsOf(answer: unknown): unknown {
  if (Array.isArray(answer)) return Array.isArray(answer[0]) ? answer[0] : answer;
  return z.object({ rows: z.unknown() }).parse(answer).rows;
}

/** JSON kept as text. */
export const json = z.string().transform((text): unknown => JSON.parse(text));

const countRow = z.object({ total: whole });

/** The number in the one row of a `count({ total: … })`. */
export function countOf(row: unknown): number {
  return countRow.parse(row).total;
}

/**
 * Stands for a text that is only compared: of fixed length however long the text, and without telling whoever reads the
 * database what was typed or what a browser keeps secret.
 */
export function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/** What is compared when people look for a part of a name or an address. */
export function searchKey(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

/** A LIKE pattern (escape character "!") for texts that contain this one. No stored text has a NUL. */
export function containing(text: string): string {
  return `%${searchKey(text).replaceAll('\0', '').replace(/[!%_]/g, '!$&')}%`;
}
