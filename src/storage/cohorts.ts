import { setImmediate } from 'node:timers/promises';
import type { Knex } from 'knex';
import { z } from 'zod';
import type { Account } from '../accounts/account.ts';
import type { Cohort, CohortStore } from '../two-factor/census.ts';
import { accountRow } from './account-rows.ts';
import { driverOf, whole } from './rows.ts';

const TABLE = 'accounts';
const BATCH = 200;
/** So many accounts are counted by one statement. */
const CHUNK = 20_000;

/** Whether a grace has begun, or an authenticator went: then moments matter that no two people share. */
const TIMED = `case when accounts.factor_removed_at is not null
  or exists (select 1 from graces where graces.account_id = accounts.id) then 1 else 0 end`;

const countedRow = z.looseObject({ cohort: z.string(), size: whole, timed: whole, last_id: z.string() });

/** Counts accounts by what they have in common, in the database. */
export class KnexCohortStore implements CohortStore {
  readonly #db: Knex;
  readonly #chunk: number;
  /** The key of an account's cohort, in SQL. */
  readonly #key: string;

  constructor(db: Knex, chunk = CHUNK) {
    this.#db = db;
    this.#chunk = chunk;
    this.#key = keyOn(db);
  }

  async all(groupId?: string): Promise<readonly Cohort[]> {
    const cohorts = new Map<string, Cohort>();
    for (let after = ''; ; ) {
      let counted = 0;
      for (const { last, ...cohort } of await this.#allOfSome(after, groupId)) {
        const earlier = cohorts.get(cohort.key);
        cohorts.set(cohort.key, earlier ? { ...earlier, size: earlier.size + cohort.size } : cohort);
        counted += cohort.size;
        if (last > after) after = last;
      }
      if (counted < this.#chunk) return [...cohorts.values()];
      await others();
    }
  }

  /** Counts so many accounts behind this one; `last` is the last of them in each cohort. */
  async #allOfSome(
    after: string,
    groupId?: string,
  ): Promise<readonly (Cohort & { readonly last: string })[]> {
    const alike = this.#accounts(groupId)
      .where(`${TABLE}.id`, '>', after)
      .orderBy(`${TABLE}.id`)
      .limit(this.#chunk)
      .select(`${TABLE}.id`, this.#db.raw(`${this.#key} as cohort`), this.#db.raw(`${TIMED} as timed`));
    const counted = this.#db
      .from(alike.as('alike'))
      .select('cohort')
      .min({ first_id: 'id' })
      .max({ last_id: 'id', timed: 'timed' })
      .count({ size: '*' })
      .groupBy('cohort');
    const rows: unknown = await this.#db(TABLE)
      .join(counted.as('counted'), 'counted.first_id', `${TABLE}.id`)
      .select(`${TABLE}.*`, 'counted.cohort', 'counted.size', 'counted.timed', 'counted.last_id')
      .orderBy(`${TABLE}.id`);
    return z
      .array(countedRow)
      .parse(rows)
      .map((row) => ({
        key: row.cohort,
        first: accountRow.parse(row),
        size: row.size,
        timed: row.timed === 1,
        last: row.last_id,
      }));
  }

  async *members(keys: readonly string[], groupId?: string, skip = 0): AsyncIterable<readonly Account[]> {
    const places = keys.map(() => '?').join(', ');
    let after = '';
    for (let offset = skip; ; offset = 0) {
      const rows: unknown = await this.#accounts(groupId)
        .where(`${TABLE}.id`, '>', after)
        .whereRaw(`${this.#key} in (${places})`, [...keys])
        .orderBy(`${TABLE}.id`)
        .offset(offset)
        .limit(BATCH);
      const batch = z.array(accountRow).parse(rows);
      if (batch.length > 0) yield batch;
      if (batch.length < BATCH) return;
      after = batch.at(-1)?.id ?? after;
      await others();
    }
  }

  #accounts(groupId: string | undefined): Knex.QueryBuilder {
    if (groupId === undefined) return this.#db(TABLE);
    const members = this.#db('group_members').select('account_id').where({ group_id: groupId });
    return this.#db(TABLE).whereIn(`${TABLE}.id`, members);
  }
}

/** Lets others be served: the embedded database answers at once, and without a break they would wait for the end. */
async function others(): Promise<void> {
  await setImmediate();
}

/** Whatever a count or a rule goes by, with a sign between that stands in none of it; moments are left out. */
function keyOn(db: Knex): string {
  const list = (column: string, table: string) => {
    const all =
      driverOf(db) === 'pg'
        ? `string_agg(distinct ${column}, ',' order by ${column})`
        : `group_concat(distinct ${column} order by ${column})`;
    return `coalesce((select ${all} from ${table} where ${table}.account_id = accounts.id), '')`;
  };
  const parts = [
    `case when accounts.disabled_at is not null then 'disabled'
      when accounts.password_hash is null then 'invited' else 'active' end`,
    `case when accounts.last_sign_in_at is null then 'new' else '' end`,
    `case when exists (select 1 from recovery_codes
      where recovery_codes.account_id = accounts.id and recovery_codes.used_at is null) then 'codes' else '' end`,
    TIMED,
    list('method', 'authenticators'),
    list('group_id', 'group_members'),
    `case when accounts.enforced_at is null then '' else concat('enforced ', coalesce(accounts.enforced_grace, '')) end`,
  ];
  return `concat(${parts.join(`, '|', `)})`;
}
