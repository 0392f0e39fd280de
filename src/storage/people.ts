import type { Knex } from 'knex';
import { z } from 'zod';
import { emailKey } from '../accounts/account.ts';
import type { ListedPerson, People, PeoplePage, PeopleQuery } from '../accounts/people.ts';
import { accountRow } from './account-rows.ts';
import { authenticatorRow } from './authenticators.ts';
import { BATCH, inBatches } from './batches.ts';
import { byGroupName } from './groups.ts';
import { jsonArrayOf, jsonTexts } from './json-arrays.ts';
import { pageOf } from './pages.ts';
import { containing, driverOf } from './rows.ts';

const TABLE = 'accounts';

/** The columns of an authenticator, as they stand beside those of its account. */
const BESIDE = 'authenticator_';
const AUTHENTICATOR_COLUMNS = Object.keys(authenticatorRow.in.shape);

const listedRows = z.array(
  z.looseObject({
    id: z.string(),
    [`${BESIDE}id`]: z.string().nullable(),
    group_names: jsonTexts,
  }),
);

/** Lists of people in the database. */
export class KnexPeople implements People {
  readonly #db: Knex;

  constructor(db: Knex) {
    this.#db = db;
  }

  /** The first page is 1. */
  async search({ search, groupId, page, pageSize }: PeopleQuery): Promise<PeoplePage> {
    const found = this.#db(TABLE);
    const typed = search.trim();
    // Whoever types a whole address means that account, which an index finds among millions.
    if (typed.includes('@') && (await this.#isAddress(typed))) found.where({ email_key: emailKey(typed) });
    else if (typed !== '') {
      const pattern = containing(typed);
      found.where((either) => {
        either
          .whereRaw("name_key like ? escape '!'", [pattern])
          .orWhereRaw("email_key like ? escape '!'", [pattern]);
      });
    }
    if (groupId !== undefined) {
      found.whereIn('id', this.#db('group_members').select('account_id').where({ group_id: groupId }));
    }
    const byName = ['name_key', 'id'];
    const { rows, ...counted } = await pageOf(
      this.#db,
      found,
      { page, pageSize },
      (all) => all.orderBy(byName),
      (people) => this.#withWhatTheyHave(people, byName),
    );
    return { people: peopleIn(rows), ...counted };
  }

  inBatches(): AsyncIterable<readonly ListedPerson[]> {
    return inBatches(async (after) => {
      const next = this.#db(TABLE).where('id', '>', after).orderBy('id').limit(BATCH);
      return peopleIn(await this.#withWhatTheyHave(next, ['id']));
    });
  }

  async #isAddress(typed: string): Promise<boolean> {
    const found = this.#db(TABLE)
      .where({ email_key: emailKey(typed) })
      .first('id');
    return (await found) !== undefined;
  }

  /** These accounts, with a row for each of their authenticators; whoever has none has one row. */
  #withWhatTheyHave(accounts: Knex.QueryBuilder, order: readonly string[]): Knex.QueryBuilder {
    const names = this.#db('group_members')
      .join('groups', 'groups.id', 'group_members.group_id')
      .whereRaw('?? = ??', ['group_members.account_id', 'people.id'])
      .select(this.#db.raw(jsonArrayOf(driverOf(this.#db), '??'), ['groups.name']));
    return this.#db
      .from(accounts.as('people'))
      .leftJoin('authenticators', 'authenticators.account_id', 'people.id')
      .select(
        'people.*',
        names.as('group_names'),
        ...AUTHENTICATOR_COLUMNS.map((name) => `authenticators.${name} as ${BESIDE}${name}`),
      )
      .orderBy([
        ...order.map((column) => `people.${column}`),
        ...['created_at', 'id'].map((column) => `authenticators.${column}`),
      ]);
  }
}

/** The people of the rows, in their order. */
function peopleIn(found: unknown): ListedPerson[] {
  const rows = listedRows.parse(found);
  return [...Map.groupBy(rows, ({ id }) => id).values()].flatMap((ofOne) => {
    const [row] = ofOne;
    if (!row) return [];
    const owned = ofOne.filter((one) => one[`${BESIDE}id`] !== null);
    return {
      account: accountRow.parse(row),
      authenticators: owned.map((one) => authenticatorRow.parse(columnsBeside(one))),
      groups: row.group_names.toSorted(byGroupName),
    };
  });
}

function columnsBeside(row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(AUTHENTICATOR_COLUMNS.map((name) => [name, row[`${BESIDE}${name}`]]));
}
