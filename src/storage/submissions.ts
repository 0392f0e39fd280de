import type { Knex } from 'knex';
import { z } from 'zod';
import { type Clock, minutes } from '../kernel/time.ts';
import type { SubmissionStore } from '../limits/submissions.ts';
import { retryOnConflict } from './sql/conflicts.ts';
import { integerColumn } from './sql/rows.ts';
import { insertUnique } from './sql/transaction.ts';

const SUBMISSIONS = 'submissions';
const CLEAN_UP_EVERY = minutes(1);

const stored = z.object({ sealed: z.string(), expires_at: integerColumn });

/** For several instances that share a database and no Redis. */
export class KnexSubmissionStore implements SubmissionStore {
  readonly #db: Knex;
  readonly #clock: Clock;
  readonly #report: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  #cleaning: Promise<unknown> = Promise.resolve();

  constructor(db: Knex, clock: Clock, report: (error: unknown) => void) {
    this.#db = db;
    this.#clock = clock;
    this.#report = report;
    this.#timer = setInterval(() => {
      this.#cleaning = this.cleanUp().catch(this.#report);
    }, CLEAN_UP_EVERY).unref();
  }

  async claim(key: string, text: string, lifetime: number): Promise<string | undefined> {
    for (;;) {
      const columns = { form_hash: key, sealed: text, expires_at: this.#clock() + lifetime };
      if (await insertUnique(this.#db, (db) => db(SUBMISSIONS).insert(columns))) return undefined;
      const present = await this.read(key);
      if (present !== undefined) return present;
      await retryOnConflict(this.#db, async () => this.#expired().where({ form_hash: key }).delete());
    }
  }

  async read(key: string): Promise<string | undefined> {
    const row: unknown = await this.#db(SUBMISSIONS).where({ form_hash: key }).first();
    const found = stored.optional().parse(row);
    return found && found.expires_at > this.#clock() ? found.sealed : undefined;
  }

  async write(key: string, text: string, lifetime: number): Promise<void> {
    const columns = { sealed: text, expires_at: this.#clock() + lifetime };
    const update = async () => this.#db(SUBMISSIONS).where({ form_hash: key }).update(columns);
    if ((await retryOnConflict(this.#db, update)) > 0) return;
    await insertUnique(this.#db, (db) => db(SUBMISSIONS).insert({ form_hash: key, ...columns }));
  }

  async remove(key: string): Promise<void> {
    await retryOnConflict(this.#db, async () => this.#db(SUBMISSIONS).where({ form_hash: key }).delete());
  }

  async cleanUp(): Promise<void> {
    await retryOnConflict(this.#db, async () => this.#expired().delete());
  }

  /** Stops the clean-up; after this the database may be closed. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#cleaning;
  }

  #expired() {
    return this.#db(SUBMISSIONS).where('expires_at', '<=', this.#clock());
  }
}
