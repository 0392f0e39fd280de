import type { Knex } from 'knex';
import { z } from 'zod';
import type { Cohort, CohortMember, CohortStore } from '../policy/report.ts';
import { METHOD_IDS } from '../settings/method-ids.ts';
import { accountRow } from './account-rows.ts';
import { inBatches, yieldToEventLoop } from './sql/batches.ts';
import { jsonArrayOf, jsonPairs, jsonPairsOf, jsonTexts } from './sql/json-arrays.ts';
import { type Driver, driverOf, integerColumn } from './sql/rows.ts';

const TABLE = 'accounts';
/** Accounts that are counted by one statement. */
const CHUNK = 20_000;
/** Accounts that are read by one statement. */
const BATCH = 200;

/** Whether a grace period has begun or a factor was removed: then the rules depend on times that no two people share. */
const TIMED = `case when accounts.factor_removed_at is not null
  or exists (select 1 from graces where graces.account_id = accounts.id) then 1 else 0 end`;

const countedRow = z.looseObject({
  cohort: z.string(),
  size: integerColumn,
  timed: integerColumn,
  last_id: z.string(),
});

/** A method that this version does not know is an error: skipping it would count people as without that factor. */
const methods = z
  .array(z.enum(METHOD_IDS))
  .transform((found) =>
    found
      .map((method) => ({ method }))
      .sort((a, b) => METHOD_IDS.indexOf(a.method) - METHOD_IDS.indexOf(b.method)),
  );

/** An account with its methods, recovery codes, groups and grace periods, as columns. */
const personRow = z.looseObject({
  methods: jsonTexts.pipe(methods),
  has_codes: integerColumn,
  joined: jsonPairs,
  begun: jsonPairs,
});

/** Groups and counts, in the database, the accounts that policy treats alike. */
export class KnexCohortStore implements CohortStore {
  readonly #db: Knex;
  readonly #chunk: number;
  /** The key of an account's cohort, in SQL. */
  readonly #key: string;
  /** The columns of `personRow`, in SQL. */
  readonly #columns: readonly string[];

  constructor(db: Knex, chunk = CHUNK) {
    this.#db = db;
    this.#chunk = chunk;
    this.#key = keyOn(db);
    this.#columns = personColumns(driverOf(db));
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
      await yieldToEventLoop();
    }
  }

  /** Counts the next accounts after this id; `last` is the last id of each cohort. */
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
        first: { account: accountRow.parse(row), ...commonTo(row.cohort) },
        size: row.size,
        timed: row.timed === 1,
        last: row.last_id,
      }));
  }

  async *members(
    keys: readonly string[],
    groupId?: string,
    skip = 0,
  ): AsyncIterable<readonly CohortMember[]> {
    const places = keys.map(() => '?').join(', ');
    yield* this.#people(
      () => this.#accounts(groupId).whereRaw(`${this.#key} in (${places})`, [...keys]),
      skip,
    );
  }

  async *everybody(): AsyncIterable<readonly CohortMember[]> {
    yield* this.#people(() => this.#accounts(undefined), 0);
  }

  /** These accounts with the columns of `personRow`, a batch per statement. */
  #people(these: () => Knex.QueryBuilder, skip: number): AsyncGenerator<readonly CohortMember[]> {
    return inBatches(BATCH, async (last: CohortMember | undefined) => {
      const some = these()
        .where(`${TABLE}.id`, '>', last?.account.id ?? '')
        .orderBy(`${TABLE}.id`)
        .offset(last === undefined ? skip : 0)
        .limit(BATCH);
      // A subquery for the batch: otherwise MariaDB computes the columns for all accounts before it sorts.
      const rows: unknown = await this.#db
        .from(some.as(TABLE))
        .select(`${TABLE}.*`, ...this.#columns.map((column) => this.#db.raw(column)))
        .orderBy(`${TABLE}.id`);
      return z.array(z.unknown()).parse(rows).map(personOf);
    });
  }

  #accounts(groupId: string | undefined): Knex.QueryBuilder {
    if (groupId === undefined) return this.#db(TABLE);
    const members = this.#db('group_members').select('account_id').where({ group_id: groupId });
    return this.#db(TABLE).whereIn(`${TABLE}.id`, members);
  }
}

function personColumns(driver: Driver): readonly string[] {
  const pairs = (one: string, other: string, table: string) =>
    `(select ${jsonPairsOf(driver, one, other)} from ${table} where ${table}.account_id = accounts.id)`;
  return [
    `(select ${jsonArrayOf(driver, 'method')} from authenticators
      where authenticators.account_id = accounts.id) as methods`,
    `case when ${HAS_CODES} then 1 else 0 end as has_codes`,
    `${pairs('group_id', 'joined_at', 'group_members')} as joined`,
    `${pairs('source', 'began_at', 'graces')} as begun`,
  ];
}

function personOf(found: unknown): CohortMember {
  const row = personRow.parse(found);
  return {
    account: accountRow.parse(found),
    authenticators: row.methods,
    hasCodes: row.has_codes === 1,
    memberships: row.joined.map(([groupId, joinedAt]) => ({ groupId, joinedAt })),
    graceStarts: new Map(row.begun),
  };
}

/** Whether an unused recovery code is left. */
const HAS_CODES = `exists (select 1 from recovery_codes
  where recovery_codes.account_id = accounts.id and recovery_codes.used_at is null)`;

/** Everything that counts and rules depend on, except times, separated by a character that no part contains. */
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
    `case when ${HAS_CODES} then 'codes' else '' end`,
    TIMED,
    list('method', 'authenticators'),
    list('group_id', 'group_members'),
    `case when accounts.enforced_at is null then '' else concat('enforced ', coalesce(accounts.enforced_grace, '')) end`,
  ];
  return `concat(${parts.join(`, '|', `)})`;
}

/** The facts that a key states about all its members. */
function commonTo(key: string): Omit<CohortMember, 'account'> {
  const [, , codes, , theirMethods = '', groups = ''] = key.split('|');
  return {
    authenticators: methods.parse(listIn(theirMethods)),
    hasCodes: codes === 'codes',
    memberships: listIn(groups).map((groupId) => ({ groupId, joinedAt: 0 })),
    graceStarts: new Map(),
  };
}

function listIn(text: string): readonly string[] {
  return text === '' ? [] : text.split(',');
}
