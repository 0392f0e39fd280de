import type { Instant } from '../kernel/time.ts';
import { normalized, withoutUnseen } from '../kernel/unicode.ts';
import type { PolicyRule } from '../settings/rule.ts';

/** In characters. */
export const LONGEST_GROUP_NAME = 60;

/** A group of people with its own 2FA rule, in addition to the site's. */
export interface Group extends PolicyRule {
  readonly id: string;
  /** Unique by `groupNameKey`; without `BETWEEN_GROUPS`. */
  readonly name: string;
}

export interface GroupWithSize extends Group {
  readonly members: number;
}

/** Membership of a person in a group. */
export interface Membership {
  readonly accountId: string;
  readonly group: Group;
  readonly joinedAt: Instant;
}

/** Separator of group names in one cell of a table. */
export const BETWEEN_GROUPS = ';';

/** Key by which names are compared: the same for all spellings of a name. */
export function groupNameKey(name: string): string {
  return normalized(withoutUnseen(name).trim(), 'NFKC').toLowerCase();
}

/** The names of the groups with these ids, in the order of the list. */
export function namesOfGroups(ids: readonly string[], groups: readonly Group[]): readonly string[] {
  return groups.filter(({ id }) => ids.includes(id)).map(({ name }) => name);
}

/** Storage of groups and memberships. Each method is one transaction. */
export interface GroupStore {
  /** All groups with their number of members, ordered by name. */
  all(): Promise<readonly GroupWithSize[]>;
  /** All groups without the number of members, ordered by name: counting many members is slow. */
  list(): Promise<readonly Group[]>;
  find(id: string): Promise<Group | undefined>;
  /** In any spelling of the name (`groupNameKey`). */
  findByName(name: string): Promise<Group | undefined>;
  /** Memberships by account id, ordered by group name. Accounts without a group are left out. */
  of(accountIds: readonly string[]): Promise<ReadonlyMap<string, readonly Membership[]>>;
  /** False if another group has the name. */
  create(group: Group): Promise<boolean>;
  /** Writes name and rule; false if another group has the name, or this group no longer exists. */
  change(group: Group): Promise<boolean>;
  /** Removes the group and its memberships; false if it does not exist. */
  remove(id: string): Promise<boolean>;
  /** False if the person is a member already, or the group or the person no longer exists. */
  add(groupId: string, accountId: string, at: Instant): Promise<boolean>;
  /** False if the person was not a member. */
  drop(groupId: string, accountId: string): Promise<boolean>;
}
