import { ConnectSessionKnexStore } from 'connect-session-knex';
import type { SessionData } from 'express-session';
import type { Knex } from 'knex';
import { minutes } from '../time.ts';
import { unlessTaken } from './contention.ts';

const CLEAN_UP_EVERY = minutes(1);

type Callback<T> = (error: unknown, value?: T) => void;
type Report = (error: unknown) => void;

/**
 * The session store that lives in the database (the table comes from the migrations). A session ends after `idleLimit`
 * milliseconds without a request. `report` hears of faults that no callback is told: those of the clean-up, and of calls
 * without a callback.
 */
export function knexSessionStore(db: Knex, idleLimit: number, report: Report = () => {}): KnexSessionStore {
  return new KnexSessionStore(db, idleLimit, report);
}

/**
 * connect-session-knex with errors that arrive once. On its own it calls the callback AND rejects, calls it again when
 * it throws, rejects without a catch in `touch`, and is dead for good when the database was down as it was made. One
 * unreachable database would end the process by an unhandled rejection.
 */
export class KnexSessionStore extends ConnectSessionKnexStore {
  readonly #idleLimit: number;
  readonly #report: Report;
  readonly #madeReady: Promise<unknown>;
  readonly #timer: NodeJS.Timeout;
  #cleaning: Promise<void> = Promise.resolve();

  constructor(db: Knex, idleLimit: number, report: Report) {
    super({ knex: db, createTable: false, cleanupInterval: 0, onDbCleanupError: report });
    this.#idleLimit = idleLimit;
    this.#report = report;
    this.#madeReady = this.ready.catch(() => {});
    this.ready = Promise.resolve();
    this.#timer = setInterval(() => this.#cleanUp(), CLEAN_UP_EVERY).unref();
  }

  override async get(sid: string, callback: Callback<SessionData | null>): Promise<SessionData | null> {
    return (await this.#answer(super.get(sid, ignore), callback)) ?? null;
  }

  override async set(sid: string, session: SessionData, callback?: Callback<void>): Promise<void> {
    await this.#answer(this.#keep(sid, session), callback);
  }

  override async touch(sid: string, session: SessionData, callback?: Callback<void>): Promise<void> {
    await this.#answer(super.touch(sid, this.#untilIdle(session)), callback);
  }

  override async destroy(sid: string, callback?: Callback<number>): Promise<number> {
    return (await this.#answer(super.destroy(sid), callback)) ?? 0;
  }

  override async length(callback: Callback<number | undefined>): Promise<number | undefined> {
    return this.#answer(super.length(ignore), callback);
  }

  override async clear(callback?: Callback<number>): Promise<number> {
    return (await this.#answer(super.clear(), callback)) ?? 0;
  }

  override async all(callback: Callback<SessionData[]>): Promise<SessionData[]> {
    return (await this.#answer<SessionData[]>(super.all(ignore), callback)) ?? [];
  }

  /** Stops the clean-up and waits for one that is under way; after this the database may be closed. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([this.#madeReady, this.#cleaning]);
  }

  /** On PostgreSQL two first writes of a session at once both insert; the one that loses finds a row to update. */
  async #keep(sid: string, session: SessionData): Promise<void> {
    const kept = this.#untilIdle(session);
    if (!(await unlessTaken(() => super.set(sid, kept)))) await super.set(sid, kept);
  }

  /** connect-session-knex keeps a session for as long as its cookie lasts, which is longer; what is written of it stays as it is. */
  #untilIdle(session: SessionData): SessionData {
    const cookie = Object.create(session.cookie, {
      maxAge: { value: this.#idleLimit },
      expires: { value: new Date(Date.now() + this.#idleLimit) },
    });
    return { ...session, cookie };
  }

  #cleanUp(): void {
    this.#cleaning = this['dbCleanup']();
  }

  /** The callback runs on a turn of its own: what it throws is its own fault and not this store's. */
  async #answer<T>(work: Promise<T>, callback: Callback<T> | undefined): Promise<T | undefined> {
    try {
      const value = await work;
      if (callback) setImmediate(callback, null, value);
      return value;
    } catch (error) {
      if (callback) setImmediate(callback, error);
      else this.#report(error);
      return undefined;
    }
  }
}

function ignore(): void {}
