import type { Account } from '../../src/accounts/account.ts';
import { days } from '../../src/kernel/time.ts';
import { transactBy } from '../../src/kernel/transaction.ts';
import { Adoption } from '../../src/policy/adoption.ts';
import type { Group, Membership } from '../../src/policy/group.ts';
import { PolicyImpact } from '../../src/policy/impact.ts';
import { Policies } from '../../src/policy/policies.ts';
import { type CohortMember, type CohortStore, PolicyReport } from '../../src/policy/report.ts';
import { NO_GRACE } from '../../src/settings/grace.ts';
import { METHOD_IDS, type MethodId } from '../../src/settings/method-ids.ts';
import { DEFAULT_SETTINGS, type Settings } from '../../src/settings/settings.ts';
import { authenticator, NOW } from './rules-under-test.ts';

export interface Given extends Partial<Account> {
  readonly id: string;
  readonly methods?: readonly MethodId[];
  readonly groups?: readonly Group[];
  readonly codes?: boolean;
  /** The start of each grace, by source. */
  readonly graceStartedAt?: Readonly<Record<string, number>>;
}

/** A group whose rule has been mandatory for a year. */
export function group(id: string, changes: Partial<Group> = {}): Group {
  const rule = { rule: 'mandatory', methods: METHOD_IDS, grace: NO_GRACE, since: NOW - days(365) } as const;
  return { id, name: `The ${id}`, ...rule, ...changes };
}

/** All services that count people, on people and settings in memory. */
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
    graceStarts: new Map(Object.entries(given(account.id)?.graceStartedAt ?? {})),
  });
  const counted = (account: Account): CohortMember => ({
    ...known(account),
    hasCodes: given(account.id)?.codes ?? false,
    memberships: membershipsOf(account.id).map(({ group: { id }, joinedAt }) => ({ groupId: id, joinedAt })),
  });
  const cohortOf = (account: Account) => {
    const { methods, codes, groups, graceStartedAt } = given(account.id) ?? {};
    const { disabledAt, passwordHash, lastSignInAt, enforcement, factorRemovedAt } = account;
    const timed = graceStartedAt !== undefined || factorRemovedAt !== null;
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
  /** Several batches, the last with one person. */
  async function* inBatches(some: readonly Account[]) {
    for (let start = 0; start < some.length; start += 2) yield some.slice(start, start + 2).map(counted);
  }
  const all = [...new Set(people.flatMap((one) => one.groups ?? []))];
  const groups = {
    list: async () => all,
    all: async () => all.map((one) => ({ ...one, members: members(one.id).length })),
  };
  const settingsStore = { read: async () => settings };
  const policyReport = new PolicyReport({ cohorts, groups, settings: settingsStore, policies });
  return {
    settings,
    known: (id: string) => known(accounts.find((one) => one.id === id) ?? nobodyIsAsked()),
    policyReport,
    policyImpact: new PolicyImpact({
      ...{ policyReport, groups, policies, clock, settings: settingsStore },
      snapshots: { read: async () => nobodyIsAsked() },
      policyLock: transactBy(async () => nobodyIsAsked()),
    }),
    adoption: new Adoption({ policyReport, clock }),
  };
}

export function membership(accountId: string, one: Group, joinedAt = 0): Membership {
  return { accountId, group: one, joinedAt };
}

function nobodyIsAsked(): never {
  throw new Error('Who only counts asks for nobody by themselves.');
}

export function accountOf(given: Given): Account {
  return {
    email: `${given.id}@example.org`,
    emailConfirmedAt: null,
    name: given.id,
    locale: null,
    knownLanguage: null,
    passwordHash: 'a hash',
    role: 'member',
    disabledAt: null,
    sessionEpoch: 0,
    suggestedAt: null,
    createdAt: 0,
    lastSignInAt: NOW,
    enforcement: null,
    factorRemovedAt: null,
    approvesFrom: null,
    resetByMailAt: null,
    ...given,
  };
}
