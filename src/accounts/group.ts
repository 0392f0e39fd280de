import type { Instant } from '../time.ts';
import type { LaidDownRule } from '../two-factor/personal-policy.ts';

/** In characters. */
export const LONGEST_GROUP_NAME = 60;

/** People to whom a 2FA rule of their own applies besides the site's. */
export interface Group extends LaidDownRule {
  readonly id: string;
  /** Once on a site, by `groupNameKey`; without the sign that separates names in lists. */
  readonly name: string;
}

export interface GroupWithSize extends Group {
  readonly members: number;
}

/** That somebody is in a group. */
export interface Membership {
  readonly accountId: string;
  readonly group: Group;
  readonly joinedAt: Instant;
}

/** Between the names of groups where several stand in one cell. */
export const BETWEEN_GROUPS = ';';

/** What two spellings of one name have in common. */
export function groupNameKey(name: string): string {
  return name.trim().normalize('NFKC').toLowerCase();
}

/** Where groups and their members are kept. Each method is one transaction. */
export interface GroupStore {
  /** All, by name. */
  all(): Promise<readonly GroupWithSize[]>;
  /** The same, where nobody asks for the number of members: of many that would take its time. */
  list(): Promise<readonly Group[]>;
  find(id: string): Promise<Group | undefined>;
  /** However it is spelled. */
  findByName(name: string): Promise<Group | undefined>;
  /** The groups of each account that is in any, by name. */
  of(accountIds: readonly string[]): Promise<ReadonlyMap<string, readonly Membership[]>>;
  /** False when another group has the name. */
  create(group: Group): Promise<boolean>;
  /** Writes name and rule. False when another group has the name, or this one is gone. */
  change(group: Group): Promise<boolean>;
  /** Removes it with its memberships; false when it was gone. */
  remove(id: string): Promise<boolean>;
  /** False when the person is in it already, or it (or the person) is gone. */
  add(groupId: string, accountId: string, at: Instant): Promise<boolean>;
  /** False when the person was not in it. */
  drop(groupId: string, accountId: string): Promise<boolean>;
}
