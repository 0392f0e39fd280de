import type { Account } from '../accounts/account.ts';
import type { Instant } from '../kernel/time.ts';
import type { PolicyRule } from '../settings/rule.ts';
import { type SettingsStore, siteRule } from '../settings/settings.ts';
import type { OfMethod } from '../two-factor/authenticator.ts';
import type { EffectivePolicy } from './effective-policy.ts';
import type { Group, GroupStore } from './group.ts';
import type { GraceStarts, Policies, ProposedChange } from './policies.ts';
import { hasOnlyUnoffered } from './policy.ts';
import { requiredEnrolment } from './requirements.ts';

/** A person, with the data on which rules and figures depend. */
export interface CohortMember {
  readonly account: Account;
  readonly authenticators: readonly OfMethod[];
  /** Whether the person has an unused recovery code. */
  readonly hasCodes: boolean;
  readonly memberships: readonly { readonly groupId: string; readonly joinedAt: Instant }[];
  readonly graceStarts: GraceStarts;
}

/** People with the same state, methods, recovery codes, groups and "Enforce 2FA". */
export interface Cohort {
  /** Identifies what they have in common. */
  readonly key: string;
  /** The oldest account among them, with what they have in common; without moments, which differ between people. */
  readonly first: CohortMember;
  readonly size: number;
  /** Whether moments may matter, too: the grace of one of them has begun, or one has lost an authenticator. */
  readonly timed: boolean;
}

/** Groups people into cohorts and counts them. */
export interface CohortStore {
  /** The cohorts of everybody, or of the members of a group; ordered by their first accounts. */
  all(groupId?: string): Promise<readonly Cohort[]>;
  /** The people of these cohorts without the first `skip`, oldest account first, in batches. */
  members(keys: readonly string[], groupId?: string, skip?: number): AsyncIterable<readonly CohortMember[]>;
  /** All people, oldest account first, in batches. */
  everybody(): AsyncIterable<readonly CohortMember[]>;
}

/** The rules of the site and of all groups. */
export interface Rules {
  readonly site: PolicyRule;
  /** Ordered by name. */
  readonly groups: readonly Group[];
}

/** A person with their policy and authenticators. */
export interface PersonRow {
  readonly account: Account;
  readonly authenticators: readonly OfMethod[];
  readonly hasCodes: boolean;
  readonly policy: EffectivePolicy;
}

/** The same, with the policy after the proposed change. */
export interface PersonDiff extends PersonRow {
  readonly then: EffectivePolicy;
}

/** A cohort's representative, and its size. */
export interface CohortTotal {
  readonly one: PersonDiff;
  readonly size: number;
  /** The cohorts to which `one` may belong. */
  readonly keys: readonly string[];
  /** Whether people of these cohorts may have different deadlines: they are counted one by one. */
  readonly apart: boolean;
}

/** The people to count (everybody, or the members of a group), the rules, and a proposed change. */
export interface Scope {
  readonly rules: Rules;
  readonly groupId?: string | undefined;
  readonly proposed?: ProposedChange;
}

interface PolicyReportServices {
  readonly cohorts: CohortStore;
  readonly groups: Pick<GroupStore, 'list'>;
  readonly settings: Pick<SettingsStore, 'read'>;
  readonly policies: Policies;
}

/**
 * Evaluates the policies of many people, now and after a proposed change. To count, it evaluates each cohort once. Only people
 * who lack a required authenticator and whose deadlines may differ are evaluated one by one.
 */
export class PolicyReport {
  readonly #services: PolicyReportServices;

  constructor(services: PolicyReportServices) {
    this.#services = services;
  }

  /** The present rules. `site`: the site's rule, if the caller has read it already. */
  async rules(site?: PolicyRule): Promise<Rules> {
    const { settings, groups } = this.#services;
    return { site: site ?? siteRule(await settings.read()), groups: await groups.list() };
  }

  /** Everybody one by one, oldest account first, including disabled accounts. */
  async *everybody(): AsyncGenerator<PersonRow> {
    const evaluate = this.#judge({ rules: await this.rules() });
    for await (const batch of this.#services.cohorts.everybody()) yield* batch.map(evaluate);
  }

  /** Counts everybody in the scope, by cohort; one by one where deadlines may differ. */
  async *totals(scope: Scope): AsyncGenerator<CohortTotal> {
    const judge = this.#judge(scope);
    const apart: string[] = [];
    for (const { first, key, size, timed } of await this.#services.cohorts.all(scope.groupId)) {
      const one = judge(first);
      if (!timed || !isDue(one)) yield { one, keys: [key], size, apart: false };
      else apart.push(key);
    }
    for await (const people of this.people(apart, scope)) {
      yield* people.map((one) => ({ one, keys: apart, size: 1, apart: true }));
    }
  }

  /** The people of these cohorts in the scope without the first `skip`, oldest account first, in batches. */
  async *people(keys: readonly string[], scope: Scope, skip = 0): AsyncGenerator<readonly PersonDiff[]> {
    if (keys.length === 0) return;
    const judge = this.#judge(scope);
    for await (const batch of this.#services.cohorts.members(keys, scope.groupId, skip)) {
      yield batch.map(judge);
    }
  }

  /** Number of people with enabled accounts who have authenticators, but none of an allowed method. */
  async unoffered(): Promise<number> {
    let count = 0;
    for await (const { one, size } of this.totals({ rules: await this.rules() })) {
      const { account, authenticators, policy } = one;
      if (account.disabledAt === null && hasOnlyUnoffered(policy, authenticators)) count += size;
    }
    return count;
  }

  #judge({ rules, proposed = {} }: Scope): (person: CohortMember) => PersonDiff {
    const places = new Map(rules.groups.map((group, place) => [group.id, { group, place }]));
    return ({ account, authenticators, hasCodes, graceStarts, ...person }) => {
      const memberships = person.memberships
        .flatMap(({ groupId, joinedAt }) => {
          // A group that was removed meanwhile no longer applies.
          const found = places.get(groupId);
          return found ? { ...found, accountId: account.id, joinedAt } : [];
        })
        .sort((one, other) => one.place - other.place);
      const known = { account, memberships, graceStarts };
      const { now, then } = this.#services.policies.compared(known, rules.site, proposed);
      return { account, authenticators, hasCodes, policy: now, then };
    };
  }
}

/** Whether the person, if enabled, has an authenticator of an allowed method now, and would have none after the change. */
export function becomesUnoffered({
  account,
  authenticators,
  policy,
  then,
}: Omit<PersonDiff, 'hasCodes'>): boolean {
  const isOffered = account.disabledAt === null && !hasOnlyUnoffered(policy, authenticators);
  return isOffered && hasOnlyUnoffered(then, authenticators);
}

/** Whether a required authenticator is missing. This does not depend on moments; only its deadline does. */
function isDue({ authenticators, policy, then }: PersonDiff): boolean {
  return [policy, then].some((one) => requiredEnrolment(one, authenticators) !== undefined);
}
