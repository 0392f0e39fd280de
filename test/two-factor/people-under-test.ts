import type { Account } from '../../src/accounts/account.ts';
import type { Group, Membership } from '../../src/accounts/group.ts';
import { DEFAULT_SETTINGS, type Settings } from '../../src/settings/settings.ts';
import { days } from '../../src/time.ts';
import { Adoption } from '../../src/two-factor/adoption.ts';
import { Census, type CensusPerson, type CohortStore } from '../../src/two-factor/census.ts';
import { NO_GRACE } from '../../src/two-factor/grace.ts';
import { METHOD_IDS, type MethodId } from '../../src/two-factor/method.ts';
import { Policies } from '../../src/two-factor/policies.ts';
import { Previews } from '../../src/two-factor/previews.ts';
import { authenticator, NOW } from './rules-under-test.ts';

export interface Given extends Partial<Account> {
  readonly id: string;
  readonly methods?: readonly MethodId[];
  readonly groups?: readonly Group[];
  readonly codes?: boolean;
  /** When grace began, by source. */
  readonly begun?: Readonly<Record<string, number>>;
}

/** A group whose rule has been mandatory for a year. */
export function group(id: string, changes: Partial<Group> = {}): Group {
  const rule = { rule: 'mandatory', methods: METHOD_IDS, grace: NO_GRACE, since: NOW - days(365) } as const;
  return { id, name: `The ${id}`, ...rule, ...changes };
}

/** Everything that counts people, over people and settings that are held in memory. */
export function peopleUnderTest(people: readonly Given[], changes: Partial<Settings> = {}) {
  const settings = { ...DEFAULT_SETTINGS, ...changes };
  const accounts = people.map(accountOf);
  const given = (id: string) => people.find((one) => one.id === id);
  const membershipsOf = (id: string) => (given(id)?.groups ?? []).map((one) => membership(id, one));
  const members = (groupId: string) =>
    accounts.filter(({ id }) => membershipsOf(id).some((one) => one.group.id === groupId));
  const clock = () => NOW;
  const policies = new Policies({
    groups: { of: async () => nobodyIsAsked() },
    graces: { of: async () => nobodyIsAsked(), begin: async () => nobodyIsAsked() },
    clock,
  });
  const known = (account: Account) => ({
    account,
    authenticators: (given(account.id)?.methods ?? []).map(authenticator),
    memberships: membershipsOf(account.id),
    beginnings: new Map(Object.entries(given(account.id)?.begun ?? {})),
  });
  const counted = (account: Account): CensusPerson => ({
    ...known(account),
    hasCodes: given(account.id)?.codes ?? false,
    memberships: membershipsOf(account.id).map(({ group: { id }, joinedAt }) => ({ groupId: id, joinedAt })),
  });
  const cohortOf = (account: Account) => {
    const { methods, codes, groups, begun } = given(account.id) ?? {};
    const { disabledAt, passwordHash, lastSignInAt, enforcement, factorRemovedAt } = account;
    const timed = begun !== undefined || factorRemovedAt !== null;
    const decides = [disabledAt === null, passwordHash === null, lastSignInAt === null, enforcement?.grace];
    const key = JSON.stringify([...decides, timed, codes, new Set(methods).size, methods?.[0], groups]);
    return { key, timed };
  };
  const inScope = (groupId: string | undefined) => (groupId === undefined ? accounts : members(groupId));
  const cohorts: CohortStore = {
    all: async (groupId) =>
      [...Map.groupBy(inScope(groupId), (one) => cohortOf(one).key)].flatMap(([key, alike]) => {
        const [first] = alike;
        return first ? { key, first: counted(first), size: alike.length, timed: cohortOf(first).timed } : [];
      }),
    members: (keys, groupId, skip = 0) =>
      inBatches(
        inScope(groupId)
          .filter((one) => keys.includes(cohortOf(one).key))
          .slice(skip),
      ),
    everybody: () => inBatches(accounts),
  };
  /** Several batches, the last of one. */
  async function* inBatches(some: readonly Account[]) {
    for (let start = 0; start < some.length; start += 2) yield some.slice(start, start + 2).map(counted);
  }
  const all = [...new Set(people.flatMap((one) => one.groups ?? []))];
  const groups = {
    list: async () => all,
    all: async () => all.map((one) => ({ ...one, members: members(one.id).length })),
  };
  const settingsStore = { read: async () => settings };
  const census = new Census({ cohorts, groups, settings: settingsStore, policies });
  return {
    settings,
    known: (id: string) => known(accounts.find((one) => one.id === id) ?? nobodyIsAsked()),
    census,
    previews: new Previews({
      ...{ census, groups, policies, clock, settings: settingsStore },
      standings: { read: async () => nobodyIsAsked() },
      deciding: async () => nobodyIsAsked(),
    }),
    adoption: new Adoption({ census, clock }),
  };
}

export function membership(accountId: string, one: Group, joinedAt = 0): Membership {
  return { accountId, group: one, joinedAt };
}

function nobodyIsAsked(): never {
  throw new Error('Who only counts asks for nobody by themselves.');
}

function accountOf(given: Given): Account {
  return {
    email: `${given.id}@example.org`,
    name: given.id,
    locale: null,
    passwordHash: 'a hash',
    role: 'member',
    disabledAt: null,
    sessionEpoch: 0,
    suggestedAt: null,
    createdAt: 0,
    lastSignInAt: NOW,
    enforcement: null,
    factorRemovedAt: null,
    ...given,
  };
}
