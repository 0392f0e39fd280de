import type { Knex } from 'knex';
import { z } from 'zod';
import { type Driver, driverOf, rowsOf } from './rows.ts';
import { readerOf } from './sqlite-reader.ts';

/**
 * Rows of one kind: the expression of each column by its name, and the rest of the query. Identifiers are in braces, to be quoted:
 * some are reserved words in one of the databases. `:name` is a placeholder for a value.
 */
export interface Part {
  readonly columns: Readonly<Record<string, string>>;
  readonly from: string;
}

/** One statement for rows of several tables: a union in which each row is a row of one table, as JSON. */
export interface JsonUnion<Name extends string> {
  /** Runs it on this database; `values` by the names in the parts. */
  readonly read: (db: Knex, values: Readonly<Record<string, string>>) => Promise<UnionRows<Name>>;
}

/** The rows that were found. */
export interface UnionRows<Name extends string> {
  /** Of one part, unordered. */
  readonly of: (part: Name) => unknown[];
  /** All of them as text: the same text means the same rows. */
  readonly text: string;
}

/** Made once, because every request uses it. */
const partRows = z.array(z.object({ part: z.string(), body: z.string() }));

/** The text of the statement for one kind of database, and the names of its values in order. */
interface Compiled {
  readonly sql: string;
  readonly order: readonly string[];
}

/**
 * The parts as one statement, compiled once for each database.
 *
 * @param expressions SQL expressions that replace a `:name` in the parts, instead of a value
 */
export function jsonUnion<Name extends string>(
  parts: Readonly<Record<Name, Part>>,
  expressions: Readonly<Record<string, string>> = {},
): JsonUnion<Name> {
  // By the settings of the connection, which a transaction shares with its database.
  const compiled = new WeakMap<object, Compiled>();
  return {
    async read(db, values) {
      const { config } = db.client;
      let statement = compiled.get(config);
      if (!statement) {
        statement = compile(db, driverOf(db), parts, expressions);
        compiled.set(config, statement);
      }
      const given = statement.order.map((name) => values[name] ?? missing(name));
      const rows = partRows.parse(rowsOf(await answerOf(db, statement.sql, given)));
      return {
        of: (name) => rows.flatMap(({ part, body }): unknown[] => (part === name ? [JSON.parse(body)] : [])),
        text: textOf(rows),
      };
    },
  };
}

function textOf(rows: z.infer<typeof partRows>): string {
  let text = '';
  for (const { part, body } of rows) text += `${part}${body}\n`;
  return text;
}

/**
 * What `db.raw` does for a text that is complete, without the half of its time that Knex takes to build a query: the text stays the
 * same string, so that it is found among the prepared ones at once. Events and errors are those of any statement.
 */
export async function answerOf(db: Knex, sql: string, bindings: readonly string[]): Promise<unknown> {
  const reader = readerOf(db);
  if (reader) return reader.all(sql, bindings);
  const { client } = db;
  const connection: unknown = await client.acquireConnection();
  try {
    const { response } = await client.query(connection, { sql, bindings, method: 'raw' });
    return response;
  } finally {
    await client.releaseConnection(connection);
  }
}

function compile(
  db: Knex,
  driver: Driver,
  parts: Readonly<Record<string, Part>>,
  expressions: Readonly<Record<string, string>>,
): Compiled {
  const object = JSON_OBJECT[driver];
  // SQLite (built with SQLITE_ENABLE_STAT4) compiles a statement again for each new value that its plan might depend on.
  // No plan depends on a value behind a plus, which does nothing else; these unions take longer to compile than to run.
  const placeholder = driver === 'better-sqlite3' ? '+?' : '?';
  const selects = Object.entries(parts).map(([name, { columns, from }]) => {
    const pairs = Object.entries(columns).map(([column, value]) => `'${column}', ${value}`);
    return `select '${name}' as {part}, ${object(pairs.join(', '))} as {body} from ${from}`;
  });
  const order: string[] = [];
  const sql = selects
    .join(' union all ')
    .replace(/:(\w+)/g, (value, name) => expressions[name] ?? value)
    .replace(/\{(\w+)\}/g, (_, identifier) => db.raw('??', [identifier]).toQuery())
    .replace(/:(\w+)/g, (_, name) => {
      order.push(name);
      return placeholder;
    });
  return { sql, order };
}

/** Columns that are read as they are. */
export function identified(columns: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(columns.map((column) => [column, `{${column}}`]));
}

/** As text, because drivers parse the JSON types of PostgreSQL and MySQL. */
const JSON_OBJECT: Readonly<Record<Driver, (pairs: string) => string>> = {
  'better-sqlite3': (pairs) => `json_object(${pairs})`,
  pg: (pairs) => `cast(json_build_object(${pairs}) as text)`,
  mysql2: (pairs) => `cast(json_object(${pairs}) as char)`,
};

function missing(name: string): never {
  throw new Error(`The statement has no value for ":${name}".`);
}
