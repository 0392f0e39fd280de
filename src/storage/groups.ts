import type { Knex } from 'knex';
import { z } from 'zod';
import type { NewMember } from '../accounts/accounts.ts';
import type { Instant } from '../kernel/time.ts';
import {
  type Group,
  type GroupStore,
  type GroupWithSize,
  groupNameKey,
  type Membership,
} from '../policy/group.ts';
import { RULE, ruleColumns } from './rules.ts';
import { mappedRow } from './sql/row-mapper.ts';
import { byName, digest, integerColumn } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';
import { insertUnique, transaction } from './sql/transaction.ts';

const TABLE = 'groups';
const MEMBERS = 'group_members';

const GROUP = { ...RULE, id: z.string(), name: z.string() };
export const groupRow = mappedRow(GROUP).transform(groupOf);
const sizedRow = mappedRow({ ...GROUP, members: integerColumn }).transform(({ members, ...row }) => ({
  ...groupOf(row),
  members,
}));
export const membershipColumns = mappedRow({ ...GROUP, accountId: z.string(), joinedAt: integerColumn });
const membershipRows = z.array(
  membershipColumns.transform(
    ({ accountId, joinedAt, ...row }): Membership => ({ accountId, group: groupOf(row), joinedAt }),
  ),
);

export class KnexGroupStore extends SqlStore implements GroupStore {
  async all(): Promise<readonly GroupWithSize[]> {
    const size = this.db(MEMBERS)
      .count('*')
      .whereRaw('?? = ??', [`${MEMBERS}.group_id`, `${TABLE}.id`])
      .as('members');
    const rows: unknown = await this.db(TABLE).select(`${TABLE}.*`, size);
    return z.array(sizedRow).parse(rows).sort(byName);
  }

  async list(): Promise<readonly Group[]> {
    const rows: unknown = await this.db(TABLE);
    return z.array(groupRow).parse(rows).sort(byName);
  }

  async find(id: string): Promise<Group | undefined> {
    return this.#first({ id });
  }

  async findByName(name: string): Promise<Group | undefined> {
    return this.#first({ name_key: digest(groupNameKey(name)) });
  }

  async of(accountIds: readonly string[]): Promise<ReadonlyMap<string, readonly Membership[]>> {
    const rows: unknown = await this.db(MEMBERS)
      .join(TABLE, `${TABLE}.id`, `${MEMBERS}.group_id`)
      .whereIn(`${MEMBERS}.account_id`, [...accountIds])
      .select(`${TABLE}.*`, `${MEMBERS}.account_id`, `${MEMBERS}.joined_at`);
    return Map.groupBy(membershipsOf(rows), ({ accountId }) => accountId);
  }

  async create(group: Group): Promise<boolean> {
    return insertUnique(this.db, (db) => db(TABLE).insert({ id: group.id, ...columns(group) }));
  }

  async change(group: Group): Promise<boolean> {
    let changed = 0;
    const isFree = await insertUnique(this.db, async (db) => {
      changed = await db(TABLE).where({ id: group.id }).update(columns(group));
    });
    return isFree && changed === 1;
  }

  async remove(id: string): Promise<boolean> {
    return transaction(this.db, async (trx) => {
      await trx('graces').where({ source: id }).delete();
      return (await trx(TABLE).where({ id }).delete()) === 1;
    });
  }

  async add(groupId: string, accountId: string, at: Instant): Promise<boolean> {
    return transaction(this.db, async (trx) => {
      const group: unknown = await trx(TABLE).where({ id: groupId }).forUpdate().first('id');
      const account: unknown = await trx('accounts').where({ id: accountId }).first('id');
      if (group === undefined || account === undefined) return false;
      const member = { group_id: groupId, account_id: accountId };
      // The group's row is locked: of two at once, the second finds the first one's row.
      if ((await trx(MEMBERS).where(member).first('joined_at')) !== undefined) return false;
      await trx(MEMBERS).insert({ ...member, joined_at: at });
      return true;
    });
  }

  async drop(groupId: string, accountId: string): Promise<boolean> {
    return (await this.db(MEMBERS).where({ group_id: groupId, account_id: accountId }).delete()) === 1;
  }

  async #first(where: Readonly<Record<string, string>>): Promise<Group | undefined> {
    return groupRow.optional().parse(await this.db(TABLE).where(where).first());
  }
}

/** Adds new accounts to their groups, within the caller's transaction. */
export async function joinGroups(trx: Knex.Transaction, newcomers: readonly NewMember[]): Promise<void> {
  const wanted = new Set(newcomers.flatMap(({ groupIds }) => groupIds));
  if (wanted.size === 0) return;
  const rows: unknown = await trx(TABLE)
    .whereIn('id', [...wanted])
    .select('id')
    .forUpdate();
  const there = new Set(
    z
      .array(z.object({ id: z.string() }))
      .parse(rows)
      .map(({ id }) => id),
  );
  const memberships = newcomers.flatMap(({ id, groupIds, createdAt }) =>
    groupIds
      .filter((groupId) => there.has(groupId))
      .map((groupId) => ({ group_id: groupId, account_id: id, joined_at: createdAt })),
  );
  if (memberships.length > 0) await trx(MEMBERS).insert(memberships);
}

function columns(group: Group) {
  return { name: group.name, name_key: digest(groupNameKey(group.name)), ...ruleColumns(group) };
}

/** The memberships of rows that join a group with a member, in the order of the groups' names. */
export function membershipsOf(rows: unknown): readonly Membership[] {
  return membershipRows.parse(rows).sort((one, other) => byName(one.group, other.group));
}

function groupOf({ mandatorySince, ...row }: z.output<z.ZodObject<typeof GROUP>>): Group {
  return { ...row, since: mandatorySince };
}
