import type { Knex } from 'knex';

/**
 * Creates a table. On MariaDB and MySQL, text is compared byte by byte, as on the other databases: ids, hashes and keys that
 * differ only in case are different.
 */
export async function createTable(
  db: Knex,
  name: string,
  columns: (table: Knex.CreateTableBuilder) => void,
): Promise<void> {
  await db.schema.createTable(name, (table) => {
    if (db.client.dialect === 'mysql') {
      table.engine('InnoDB');
      table.charset('utf8mb4');
      table.collate('utf8mb4_bin');
    }
    columns(table);
  });
}

/** A column for a time: milliseconds since 1970, which need more than 32 bits. */
export function moment(table: Knex.CreateTableBuilder, column: string): Knex.ColumnBuilder {
  return table.bigInteger(column);
}

/**
 * Drops columns without an index. Knex's `dropColumn` recreates the table on SQLite, and foreign keys with `on delete cascade`
 * then delete all rows that refer to it.
 */
export async function dropColumns(db: Knex, table: string, ...columns: readonly string[]): Promise<void> {
  for (const column of columns) await db.raw('alter table ?? drop column ??', [table, column]);
}
