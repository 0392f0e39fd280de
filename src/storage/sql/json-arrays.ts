import { z } from 'zod';
import { type Driver, integerColumn, json } from './rows.ts';

/** Related rows as one JSON value, by the aggregate of each database; as text, because drivers parse JSON types. */
const ARRAYS: Readonly<Record<Driver, (item: string) => string>> = {
  'better-sqlite3': (item) => `json_group_array(${item})`,
  pg: (item) => `cast(json_agg(${item}) as text)`,
  mysql2: (item) => `cast(json_arrayagg(${item}) as char)`,
};

const PAIRS: Readonly<Record<Driver, string>> = {
  'better-sqlite3': 'json_array',
  pg: 'json_build_array',
  mysql2: 'json_array',
};

/** An aggregate in SQL: the values of `item` of all rows, unordered. */
export function jsonArrayOf(driver: Driver, item: string): string {
  return ARRAYS[driver](item);
}

/** The same for pairs. */
export function jsonPairsOf(driver: Driver, one: string, other: string): string {
  return ARRAYS[driver](`${PAIRS[driver]}(${one}, ${other})`);
}

/** Without rows some databases return null, others an empty array. */
const array = json.nullable().transform((items) => items ?? []);

export const jsonTexts = array.pipe(z.array(z.string()));
export const jsonPairs = array.pipe(z.array(z.tuple([z.string(), integerColumn])));
