import session, { type SessionData } from 'express-session';
import type { Knex } from 'knex';
import { z } from 'zod';
import { type Clock, minutes } from '../kernel/time.ts';
import { retryOnConflict } from './sql/conflicts.ts';
import { driverOf, json } from './sql/rows.ts';

const SESSIONS = 'sessions';
const CLEAN_UP_EVERY = minutes(1);

/** PostgreSQL parses JSON columns, the other databases return them as text. */
const stored = z.object({ sess: z.union([json, z.looseObject({})]) });

type Callback<T> = (error?: unknown, value?: T) => void;

export interface SessionStoreOptions {
  /** A session ends after this long without a request. Milliseconds. */
  readonly idleLimit: number;
  readonly clock: Clock;
  /** Called for each error that no callback receives: those of the clean-up, and of calls without a callback. */
  readonly report?: (error: unknown) => void;
  /** Called for each call that fails. */
  readonly failed?: () => void;
}

/**
 * The session store in the database. A session ends with its row's `expired`, which each request sets anew: sooner than
 * the cookie ends. Every call answers its callback once, whatever happens to the database, and never rejects.
 */
export class KnexSessionStore extends session.Store {
  readonly #db: Knex;
  readonly #options: SessionStoreOptions;
  readonly #timer: NodeJS.Timeout;
  #cleaning: Promise<void> = Promise.resolve();

  constructor(db: Knex, options: SessionStoreOptions) {
    super();
    this.#db = db;
    this.#options = options;
    this.#timer = setInterval(() => void this.cleanUp(), CLEAN_UP_EVERY).unref();
  }

  get(sid: string, callback: Callback<SessionData | null>): void {
    this.#answer(async () => {
      const row: unknown = await this.#alive(sid).first('sess');
      return (stored.optional().parse(row)?.sess ?? null) as SessionData | null;
    }, callback);
  }

  set(sid: string, data: SessionData, callback?: Callback<void>): void {
    const row = { sid, sess: JSON.stringify(data), expired: this.#moment(this.#options.idleLimit) };
    this.#answer(async () => {
      await this.#db(SESSIONS).insert(row).onConflict('sid').merge();
    }, callback);
  }

  /** Prolongs a session; one that has ended stays ended. */
  override touch(sid: string, _data: SessionData, callback?: Callback<void>): void {
    this.#answer(async () => {
      await this.#alive(sid).update({ expired: this.#moment(this.#options.idleLimit) });
    }, callback);
  }

  destroy(sid: string, callback?: Callback<void>): void {
    this.#answer(async () => {
      await this.#db(SESSIONS).where({ sid }).delete();
    }, callback);
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

  /** The callback runs on a turn of its own: an exception in it is not an error of this store. */
  #answer<T>(work: () => Promise<T>, callback: Callback<T> | undefined): void {
    const fail = callback ?? this.#options.report ?? (() => {});
    this.#attempt(work).then(
      (value) => setImmediate(() => callback?.(null, value)),
      (error: unknown) => setImmediate(() => fail(error)),
    );
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
