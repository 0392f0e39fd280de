import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { z } from 'zod';
import { normalized, withoutUnseen } from '../../kernel/unicode.ts';
import { canonicalAddress } from '../../limits/client-address.ts';

/** An integer. PostgreSQL returns 64-bit integers as text. */
export const integerColumn = z
  .union([z.number(), z.string().regex(/^-?\d+$/)])
  .pipe(z.coerce.number<number | string>().int());

const DRIVERS = z.enum(['better-sqlite3', 'pg', 'mysql2']);
export type Driver = z.infer<typeof DRIVERS>;

/** The driver, for SQL that differs between databases. */
export function driverOf(db: Knex): Driver {
  return DRIVERS.parse(db.client.config.client);
}

/** The rows of a raw statement; each driver returns them in another shape. */
export function rowsOf(answer: unknown): unknown {
  if (Array.isArray(answer)) return Array.isArray(answer[0]) ? answer[0] : answer;
  return z.object({ rows: z.unknown() }).parse(answer).rows;
}

/** A client's network address, in canonical form: earlier versions stored it as the proxy wrote it. */
export const clientAddress = z.string().transform(canonicalAddress);

/** JSON kept as text. */
export const json = z.string().transform((text): unknown => JSON.parse(text));

const countRow = z.object({ total: integerColumn });

/** The number in the one row of a `count({ total: … })`. */
export function countOf(row: unknown): number {
  return countRow.parse(row).total;
}

/**
 * A digest of texts that are only compared: SHA-256 in base64url, 43 characters. Readers of the database learn nothing of what was
 * typed, or of a browser's secret.
 */
export function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/** The form of names and addresses that searches compare. */
export function searchKey(text: string): string {
  return normalized(withoutUnseen(text), 'NFKC').toLowerCase();
}

/** The order of names in lists. */
export function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return compareNames(one.name, other.name);
}

export function compareNames(one: string, other: string): number {
  return searchKey(one) < searchKey(other) ? -1 : 1;
}

/** A LIKE pattern (escape character "!") for keys that contain this text. No stored text has a NUL. */
export function containing(part: string): string {
  return `%${part.replaceAll('\0', '').replace(/[!%_]/g, '!$&')}%`;
}
