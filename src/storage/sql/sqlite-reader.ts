import type { Knex } from 'knex';
import { refuseInTransaction } from './transaction.ts';

/** A statement that SQLite has compiled. */
interface Prepared {
  all(bindings: readonly string[]): unknown[];
}

/** A connection of better-sqlite3. */
export interface SqliteConnection {
  pragma(statement: string): unknown;
  prepare(sql: string): Prepared;
  close(): void;
}

/**
 * The second connection to a SQLite file, for what each request reads. Knex lends the first one to one transaction at a time, and
 * all others wait. With the write-ahead log a reader waits for nobody, and sees what was committed last.
 */
export class SqliteReader {
  readonly #db: Knex;
  readonly #open: () => SqliteConnection;
  #connection: SqliteConnection | undefined;
  /** By the text: the few statements that requests read by. SQLite compiles them anew by itself when tables have changed. */
  readonly #prepared = new Map<string, Prepared>();

  constructor(db: Knex, open: () => SqliteConnection) {
    this.#db = db;
    this.#open = open;
  }

  /** The rows, with the events of any statement. Throws if the caller has a transaction open. */
  all(sql: string, bindings: readonly string[]): unknown[] {
    const db = this.#db;
    refuseInTransaction(db);
    db.client.emit('query', { sql, bindings });
    try {
      return this.#statement(sql).all(bindings);
    } catch (error) {
      db.client.emit('query-error', error, { sql, bindings });
      throw error;
    }
  }

  #statement(sql: string): Prepared {
    this.#connection ??= this.#open();
    const statement = this.#prepared.get(sql) ?? this.#connection.prepare(sql);
    this.#prepared.set(sql, statement);
    return statement;
  }

  close(): void {
    this.#connection?.close();
  }
}

const readers = new WeakMap<Knex, SqliteReader>();

/** Gives the database of a SQLite file its reader, which opens with the first statement and closes with the database. */
export function withReader(db: Knex, open: () => SqliteConnection): Knex {
  const { client } = db;
  const reader = new SqliteReader(db, open);
  readers.set(db, reader);
  const destroy = client.destroy.bind(client);
  client.destroy = async (done?: () => void) => {
    readers.delete(db);
    // Before the other connection: only one that may write can clean the write-ahead log up, and the last one does.
    reader.close();
    return destroy(done);
  };
  return db;
}

/** Undefined for other databases, and for a transaction: it has to see what it has written itself. */
export function readerOf(db: Knex): SqliteReader | undefined {
  return readers.get(db);
}
