import type { Knex } from 'knex';
import { z } from 'zod';
import { CARRIED_TABLES } from './carried-rows.ts';
import { driverOf, rowsOf } from './sql/rows.ts';
import { LEFT_OUT } from './sql/table-rows.ts';

const encodingRow = z.object({ encoding: z.string(), name: z.string() });
/** The database may contain tables of other programs. */
const OWN: ReadonlySet<string> = new Set([...CARRIED_TABLES, ...LEFT_OUT]);

const columnRow = z.object({ name: z.string(), encoding: z.string() });

/**
 * A sentence that says which part of a database cannot store all of Unicode, and what to do; undefined if all can. Without the
 * check the first "Łukasz" or 日 would be an error page. New tables on MariaDB use utf8mb4 whatever the database uses.
 */
export async function encodingFault(db: Knex): Promise<string | undefined> {
  const driver = driverOf(db);
  if (driver === 'pg') return postgresFault(db);
  if (driver === 'mysql2') return mariadbFault(db);
  return undefined;
}

async function postgresFault(db: Knex): Promise<string | undefined> {
  const statement = `select current_database() as name, current_setting('server_encoding') as encoding`;
  const [{ name, encoding }] = z.tuple([encodingRow]).parse(rowsOf(await db.raw(statement)));
  if (encoding === 'UTF8') return undefined;
  return (
    `the database "${name}" has the encoding ${encoding}, which cannot store every character. Create one in UTF8 ` +
    `(create database … encoding 'UTF8' template template0;) and set its URL; migrate-data copies the data.`
  );
}

async function mariadbFault(db: Knex): Promise<string | undefined> {
  const statement = `select distinct table_name as name, character_set_name as encoding from information_schema.columns
    where table_schema = database() and character_set_name is not null and character_set_name <> 'utf8mb4'`;
  const found = z.array(columnRow).parse(rowsOf(await db.raw(statement)));
  const wrong = found.filter(({ name }) => OWN.has(name));
  const [one] = wrong;
  if (!one) return undefined;
  const names = wrong.map(({ name }) => `"${name}"`).join(', ');
  return (
    `some tables have the encoding ${one.encoding}, which cannot store every character: ${names}. In that database, for each of them: ` +
    `alter table \`${one.name}\` convert to character set utf8mb4 collate utf8mb4_bin;`
  );
}
