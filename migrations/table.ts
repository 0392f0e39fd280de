import type { Knex } from 'knex';

/**
 * Creates a table. On MariaDB and MySQL text is compared byte by byte, as it is on the other databases: ids, hashes and
 * keys that differ in case are different ones.
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

/** A moment: milliseconds since 1970, too large for 32 bits. */
export function moment(table: Knex.CreateTableBuilder, column: string): Knex.ColumnBuilder {
  return table.bigInteger(column);
}
