import type { Knex } from 'knex';
import { z } from 'zod';
import type { SignIn, SignInStore } from '../accounts/sign-ins.ts';
import { days, type Instant } from '../time.ts';
import { whole } from './rows.ts';

const TABLE = 'sign_ins';
/** A sign-in ends after a day at the latest; what is older only fills the table. */
const REMEMBERED = days(2);

export const signInRow = z
  .object({
    id: z.string(),
    account_id: z.string(),
    epoch: whole,
    browser: z.string(),
    address: z.string(),
    started_at: whole,
    last_seen_at: whole,
    ended_at: whole.nullable(),
  })
  .transform(
    (row): SignIn => ({
      id: row.id,
      accountId: row.account_id,
      epoch: row.epoch,
      browser: row.browser,
      address: row.address,
      startedAt: row.started_at,
      lastSeenAt: row.last_seen_at,
      endedAt: row.ended_at,
    }),
  );

/** Sign-ins in the database. */
export class KnexSignInStore implements SignInStore {
  readonly #db: Knex;

  constructor(db: Knex) {
    this.#db = db;
  }

  async create(signIn: SignIn): Promise<void> {
    await this.#db(TABLE)
      .where({ account_id: signIn.accountId })
      .where('started_at', '<', signIn.startedAt - REMEMBERED)
      .delete();
    await this.#db(TABLE).insert({
      id: signIn.id,
      account_id: signIn.accountId,
      epoch: signIn.epoch,
      browser: signIn.browser,
      address: signIn.address,
      started_at: signIn.startedAt,
      last_seen_at: signIn.lastSeenAt,
    });
  }

  async open(accountId: string): Promise<readonly SignIn[]> {
    const rows: unknown = await this.#db(TABLE)
      .where({ account_id: accountId, ended_at: null })
      .orderBy('started_at', 'desc');
    return z.array(signInRow).parse(rows);
  }

  async touch(id: string, at: Instant): Promise<void> {
    await this.#db(TABLE).where({ id }).update({ last_seen_at: at });
  }

  async end(accountId: string, id: string, at: Instant): Promise<boolean> {
    const open = this.#db(TABLE).where({ id, account_id: accountId, ended_at: null });
    return (await open.update({ ended_at: at })) === 1;
  }

  async endOthers(accountId: string, exceptId: string, at: Instant): Promise<number> {
    return this.#db(TABLE)
      .where({ account_id: accountId, ended_at: null })
      .whereNot({ id: exceptId })
      .update({ ended_at: at });
  }
}
