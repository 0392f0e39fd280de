import type { Knex } from 'knex';
import { z } from 'zod';
import type { ListedPerson, People, PeoplePage, PeopleQuery } from '../administration/people.ts';
import { emailKeys, emailParts, hasForm } from '../kernel/email-address.ts';
import { accountRow } from './account-rows.ts';
import { authenticatorRow } from './authenticators.ts';
import { inBatches } from './sql/batches.ts';
import { jsonArrayOf, jsonTexts } from './sql/json-arrays.ts';
import { pageOf } from './sql/pagination.ts';
import { columnsOf } from './sql/row-mapper.ts';
import { compareNames, containing, driverOf, searchKey } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';

const TABLE = 'accounts';
const BATCH = 200;

/** Prefix of an authenticator's columns beside those of its account. */
const BESIDE = 'authenticator_';
const AUTHENTICATOR_COLUMNS = columnsOf(authenticatorRow);

const listedRows = z.array(
  z.looseObject({
    id: z.string(),
    [`${BESIDE}id`]: z.string().nullable(),
    group_names: jsonTexts,
  }),
);

export class KnexPeople extends SqlStore implements People {
  /** Pages count from 1. */
  async search({ search, groupId, page, pageSize }: PeopleQuery): Promise<PeoplePage> {
    const found = this.db(TABLE);
    const typed = search.trim();
    // A complete address means that account: an index finds it among millions.
    if (await this.#isAddress(typed)) found.whereIn('email_key', emailKeys(typed));
    else if (typed !== '') {
      found.where((either) => {
        either.whereRaw("name_key like ? escape '!'", [containing(searchKey(typed))]);
        for (const part of emailParts(typed)) {
          either.orWhereRaw("email_key like ? escape '!'", [containing(part)]);
        }
      });
    }
    if (groupId !== undefined) {
      found.whereIn('id', this.db('group_members').select('account_id').where({ group_id: groupId }));
    }
    const byName = ['name_key', 'id'];
    const { rows, ...counted } = await pageOf(
      this.db,
      found,
      { page, pageSize },
      (all) => all.orderBy(byName),
      (people) => this.#withWhatTheyHave(people, byName),
    );
    return { people: peopleIn(rows), ...counted };
  }

  inBatches(): AsyncIterable<readonly ListedPerson[]> {
    return inBatches(BATCH, async (last: ListedPerson | undefined) => {
      const next = this.db(TABLE)
        .where('id', '>', last?.account.id ?? '')
        .orderBy('id')
        .limit(BATCH);
      return peopleIn(await this.#withWhatTheyHave(next, ['id']));
    });
  }

  async #isAddress(typed: string): Promise<boolean> {
    if (!hasForm(typed)) return false;
    const found = this.db(TABLE).whereIn('email_key', emailKeys(typed)).first('id');
    return (await found) !== undefined;
  }

  /** These accounts, one row for each authenticator; one row for an account without any. */
  #withWhatTheyHave(accounts: Knex.QueryBuilder, order: readonly string[]): Knex.QueryBuilder {
    const names = this.db('group_members')
      .join('groups', 'groups.id', 'group_members.group_id')
      .whereRaw('?? = ??', ['group_members.account_id', 'people.id'])
      .select(this.db.raw(jsonArrayOf(driverOf(this.db), '??'), ['groups.name']));
    return this.db
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
      groups: row.group_names.toSorted(compareNames),
    };
  });
}

function columnsBeside(row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(AUTHENTICATOR_COLUMNS.map((name) => [name, row[`${BESIDE}${name}`]]));
}
