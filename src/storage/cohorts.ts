import type { Knex } from 'knex';
import { z } from 'zod';
import type { CensusPerson, Cohort, CohortStore } from '../two-factor/census.ts';
import { METHOD_IDS } from '../two-factor/method.ts';
import { accountRow } from './account-rows.ts';
import { BATCH, inBatches, othersServed } from './batches.ts';
import { jsonArrayOf, jsonPairs, jsonPairsOf, jsonTexts } from './json-arrays.ts';
import { type Driver, driverOf, whole } from './rows.ts';

const TABLE = 'accounts';
/** So many accounts are counted by one statement. */
const CHUNK = 20_000;

/** Whether a grace has begun, or an authenticator went: then moments matter that no two people share. */
const TIMED = `case when accounts.factor_removed_at is not null
  or exists (select 1 from graces where graces.account_id = accounts.id) then 1 else 0 end`;

const countedRow = z.looseObject({ cohort: z.string(), size: whole, timed: whole, last_id: z.string() });

/** A method that this version does not know is a fault: to leave it out would count people as without it. */
const methods = z
  .array(z.enum(METHOD_IDS))
  .transform((found) =>
    found
      .map((method) => ({ method }))
      .sort((a, b) => METHOD_IDS.indexOf(a.method) - METHOD_IDS.indexOf(b.method)),
  );

/** An account with what hangs on it, in columns. */
const personRow = z.looseObject({
  methods: jsonTexts.pipe(methods),
  has_codes: whole,
  joined: jsonPairs,
  begun: jsonPairs,
});

/** Counts accounts by what they have in common, in the database. */
export class KnexCohortStore implements CohortStore {
  readonly #db: Knex;
  readonly #chunk: number;
  /** The key of an account's cohort, in SQL. */
  readonly #key: string;
  /** What hangs on an account, in SQL. */
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
      await othersServed();
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
  ): AsyncIterable<readonly CensusPerson[]> {
    const places = keys.map(() => '?').join(', ');
    yield* this.#people(
      () => this.#accounts(groupId).whereRaw(`${this.#key} in (${places})`, [...keys]),
      skip,
    );
  }

  async *everybody(): AsyncIterable<readonly CensusPerson[]> {
    yield* this.#people(() => this.#accounts(undefined), 0);
  }

  /** These accounts with what hangs on them, a batch by one statement. */
  #people(these: () => Knex.QueryBuilder, skip: number): AsyncGenerator<readonly CensusPerson[]> {
    return inBatches(async (after) => {
      const some = these()
        .where(`${TABLE}.id`, '>', after)
        .orderBy(`${TABLE}.id`)
        .offset(after === '' ? skip : 0)
        .limit(BATCH);
      // Of the batch alone: MariaDB would look up what hangs on everybody before it puts them in order.
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

function personOf(found: unknown): CensusPerson {
  const row = personRow.parse(found);
  return {
    account: accountRow.parse(found),
    authenticators: row.methods,
    hasCodes: row.has_codes === 1,
    memberships: row.joined.map(([groupId, joinedAt]) => ({ groupId, joinedAt })),
    beginnings: new Map(row.begun),
  };
}

/** Whether any recovery code is left. */
const HAS_CODES = `exists (select 1 from recovery_codes
  where recovery_codes.account_id = accounts.id and recovery_codes.used_at is null)`;

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
    `case when ${HAS_CODES} then 'codes' else '' end`,
    TIMED,
    list('method', 'authenticators'),
    list('group_id', 'group_members'),
    `case when accounts.enforced_at is null then '' else concat('enforced ', coalesce(accounts.enforced_grace, '')) end`,
  ];
  return `concat(${parts.join(`, '|', `)})`;
}

/** What a key says of everybody who has it. */
function commonTo(key: string): Omit<CensusPerson, 'account'> {
  const [, , codes, , theirMethods = '', groups = ''] = key.split('|');
  return {
    authenticators: methods.parse(listIn(theirMethods)),
    hasCodes: codes === 'codes',
    memberships: listIn(groups).map((groupId) => ({ groupId, joinedAt: 0 })),
    beginnings: new Map(),
  };
}

function listIn(text: string): readonly string[] {
  return text === '' ? [] : text.split(',');
}
