import type { Knex } from 'knex';
import { z } from 'zod';
import { driverOf, rowsOf } from './rows.ts';

/** A table as the database describes it. */
export interface Table {
  readonly name: string;
  /** The columns of the primary key, in order. */
  readonly key: readonly string[];
}

const keyRows = z.array(z.object({ name: z.string(), column: z.string() }));
const referenceRows = z.array(z.object({ name: z.string(), refers_to: z.string() }));

/** Queries for the columns of primary keys, in order, and for the foreign keys between tables. */
const QUESTIONS = {
  'better-sqlite3': {
    keys: `select t.name as name, c.name as "column" from sqlite_master t, pragma_table_info(t.name) c
      where t.type = 'table' and c.pk > 0 order by t.name, c.pk`,
    references: `select t.name as name, f."table" as refers_to from sqlite_master t, pragma_foreign_key_list(t.name) f
      where t.type = 'table'`,
  },
  pg: {
    keys: `select t.relname as name, c.attname as "column" from pg_index i
      join pg_class t on t.oid = i.indrelid
      join pg_attribute c on c.attrelid = t.oid and c.attnum = any(i.indkey)
      where i.indisprimary and t.relnamespace = current_schema()::regnamespace
      order by t.relname, array_position(i.indkey::int2[], c.attnum)`,
    references: `select t.relname as name, r.relname as refers_to from pg_constraint f
      join pg_class t on t.oid = f.conrelid join pg_class r on r.oid = f.confrelid
      where f.contype = 'f' and f.connamespace = current_schema()::regnamespace`,
  },
  mysql2: {
    keys: `select table_name as name, column_name as \`column\` from information_schema.key_column_usage
      where table_schema = database() and constraint_name = 'PRIMARY' order by table_name, ordinal_position`,
    references: `select table_name as name, referenced_table_name as refers_to from information_schema.key_column_usage
      where table_schema = database() and referenced_table_name is not null`,
  },
} as const;

/**
 * Every table with a primary key, each after those that it refers to: the order to fill them in. The database is asked, so that no
 * table can be forgotten.
 */
export async function allTables(db: Knex): Promise<readonly Table[]> {
  const questions = QUESTIONS[driverOf(db)];
  const keys = Map.groupBy(keyRows.parse(await ask(db, questions.keys)), ({ name }) => name);
  const references = referenceRows.parse(await ask(db, questions.references));
  const left = new Set([...keys.keys()].sort());
  const ordered: string[] = [];
  while (left.size > 0) {
    const ready = [...left].filter((name) =>
      references.every((one) => one.name !== name || one.refers_to === name || !left.has(one.refers_to)),
    );
    if (ready.length === 0)
      throw new Error(`These tables reference each other in a circle: ${[...left].join(', ')}.`);
    for (const name of ready) left.delete(name);
    ordered.push(...ready);
  }
  return ordered.map((name) => ({ name, key: (keys.get(name) ?? []).map(({ column }) => column) }));
}

async function ask(db: Knex, sql: string): Promise<unknown> {
  return rowsOf(await db.raw(sql));
}
