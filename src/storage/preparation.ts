import type { Knex } from 'knex';
import { EnvironmentFault } from '../kernel/environment-fault.ts';
import { encodingFault } from './encoding.ts';
import { writeSomething } from './readiness.ts';
import { databaseFault } from './sql/database-faults.ts';
import { migrate } from './sql/migrations.ts';

/** A database, and the variable (or option of a command) that names it. */
export interface NamedDatabase {
  readonly url: string;
  readonly variable: string;
}

/**
 * Brings the tables up to date, and makes sure that the database can store every letter and can be written to.
 *
 * @throws EnvironmentFault if it cannot
 */
export async function prepare(db: Knex, { url, variable }: NamedDatabase): Promise<void> {
  await explained({ url, variable }, async () => {
    await requireEncoding(db, variable);
    await migrate(db);
    await writeSomething(db);
  });
}

/** Runs `work`. Errors of the environment are thrown as an EnvironmentFault, which says what to do; others as they are. */
export async function explained<T>({ url, variable }: NamedDatabase, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw (await databaseFault(error, url, variable)) ?? error;
  }
}

/** @throws EnvironmentFault if the database cannot store all of Unicode */
export async function requireEncoding(db: Knex, variable: string): Promise<void> {
  const fault = await encodingFault(db);
  if (fault !== undefined) throw new EnvironmentFault(variable, fault);
}
