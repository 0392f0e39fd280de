import type { Knex } from 'knex';
import { z } from 'zod';
import { type Clock, minutes } from '../kernel/time.ts';
import type { SessionStore } from '../sign-in/session-store.ts';
import { retryOnConflict } from './sql/conflicts.ts';
import { driverOf, json } from './sql/rows.ts';

const SESSIONS = 'sessions';
const CLEAN_UP_EVERY = minutes(1);

/** PostgreSQL parses JSON columns, the other databases return them as text. */
const stored = z.object({ sess: z.union([json, z.looseObject({})]) });

export interface SessionStoreOptions {
  /** A session ends after this long without a request. Milliseconds. */
  readonly idleLimit: number;
  readonly clock: Clock;
  /** Called for each error of the clean-up. */
  readonly report?: (error: unknown) => void;
  /** Called for each call that fails. */
  readonly failed?: () => void;
}

/** Sessions in the database. A session ends with its row's `expired`, which each request renews: before the cookie ends. */
export class KnexSessionStore implements SessionStore {
  readonly #db: Knex;
  readonly #options: SessionStoreOptions;
  readonly #timer: NodeJS.Timeout;
  #cleaning: Promise<void> = Promise.resolve();

  constructor(db: Knex, options: SessionStoreOptions) {
    this.#db = db;
    this.#options = options;
    this.#timer = setInterval(() => void this.cleanUp(), CLEAN_UP_EVERY).unref();
  }

  read(id: string): Promise<unknown> {
    return this.#attempt(async () => {
      const row: unknown = await this.#alive(id).first('sess');
      return stored.optional().parse(row)?.sess;
    });
  }

  async create(id: string, session: object): Promise<void> {
    const row = { sid: id, ...this.#contentOf(session) };
    await this.#attempt(async () => this.#db(SESSIONS).insert(row));
  }

  async update(id: string, session: object): Promise<boolean> {
    const content = this.#contentOf(session);
    return (await this.#attempt(async () => this.#alive(id).update(content))) === 1;
  }

  async prolong(id: string): Promise<void> {
    const expired = this.#moment(this.#options.idleLimit);
    await this.#attempt(async () => this.#alive(id).update({ expired }));
  }

  async remove(id: string): Promise<void> {
    await this.#attempt(async () => this.#db(SESSIONS).where({ sid: id }).delete());
  }

  /** Deletes the sessions that have ended. */
  cleanUp(): Promise<void> {
    this.#cleaning = this.#attempt(async () => {
      await this.#db(SESSIONS).where('expired', '<', this.#moment()).delete();
    }).then(() => {}, this.#options.report);
    return this.#cleaning;
  }

  /** Stops the clean-up and waits for one under way; after this the database may be closed. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#cleaning;
  }

  #contentOf(session: object) {
    return { sess: JSON.stringify(session), expired: this.#moment(this.#options.idleLimit) };
  }

  #alive(sid: string) {
    return this.#db(SESSIONS).where({ sid }).where('expired', '>=', this.#moment());
  }

  /**
   * Now, or milliseconds from now, as each database keeps it: SQLite as text in ISO 8601, the others as a time. In whole
   * seconds, because MariaDB keeps no others: compared with a finer now, a session would end up to a second early.
   */
  #moment(later = 0): Date | string {
    const moment = new Date(Math.floor((this.#options.clock() + later) / 1000) * 1000);
    return driverOf(this.#db) === 'better-sqlite3' ? moment.toISOString() : moment;
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await retryOnConflict(this.#db, work);
    } catch (error) {
      this.#options.failed?.();
      throw error;
    }
  }
}
