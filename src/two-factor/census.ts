import type { Account } from '../accounts/account.ts';
import type { Group, GroupStore } from '../accounts/group.ts';
import { type SettingsStore, siteRule } from '../settings/settings.ts';
import type { Instant } from '../time.ts';
import type { OfMethod } from './authenticator.ts';
import type { LaidDownRule, PersonalPolicy } from './personal-policy.ts';
import type { Beginnings, Policies, WhatIf } from './policies.ts';
import { allowedAuthenticators } from './policy.ts';
import { dueAfterPassword } from './sign-in-checks.ts';

/** Somebody with all that a rule, or a figure, goes by. */
export interface CensusPerson {
  readonly account: Account;
  readonly authenticators: readonly OfMethod[];
  /** Whether any recovery code is left. */
  readonly hasCodes: boolean;
  readonly memberships: readonly { readonly groupId: string; readonly joinedAt: Instant }[];
  readonly beginnings: Beginnings;
}

/** People who are alike in all that decides: their state, methods, recovery codes, groups, "Enforce 2FA". */
export interface Cohort {
  /** What they have in common. */
  readonly key: string;
  /** The oldest account among them, with what they have in common; moments are no two people's, and left out. */
  readonly first: CensusPerson;
  readonly size: number;
  /** Whether moments matter as well: a grace of theirs has begun, or an authenticator went. */
  readonly timed: boolean;
}

/** Where people are counted by what they have in common. */
export interface CohortStore {
  /** Of everybody, or of the members of a group; in the order of their first accounts. */
  all(groupId?: string): Promise<readonly Cohort[]>;
  /** The people of some cohorts without the first `skip`, oldest account first, not all at once. */
  members(keys: readonly string[], groupId?: string, skip?: number): AsyncIterable<readonly CensusPerson[]>;
  /** All people, oldest account first, not all at once. */
  everybody(): AsyncIterable<readonly CensusPerson[]>;
}

/** The rules that are laid down. */
export interface Rules {
  readonly site: LaidDownRule;
  /** By name. */
  readonly groups: readonly Group[];
}

/** Somebody with what applies to them, and what they have. */
export interface Counted {
  readonly account: Account;
  readonly authenticators: readonly OfMethod[];
  readonly hasCodes: boolean;
  readonly policy: PersonalPolicy;
}

/** The same, with what would apply to them under a supposition. */
export interface Compared extends Counted {
  readonly then: PersonalPolicy;
}

/** Somebody who stands for so many people, themselves included. */
export interface Tally {
  readonly one: Compared;
  readonly size: number;
  /** Of the cohorts among which they are. */
  readonly keys: readonly string[];
  /** Whether others of these cohorts have another deadline: they are counted one by one. */
  readonly apart: boolean;
}

/** Who is counted: everybody, or the members of a group; under which rules, and which supposition. */
export interface Scope {
  readonly rules: Rules;
  readonly groupId?: string | undefined;
  readonly whatIf?: WhatIf;
}

interface CensusServices {
  readonly cohorts: CohortStore;
  readonly groups: Pick<GroupStore, 'list'>;
  readonly settings: Pick<SettingsStore, 'read'>;
  readonly policies: Policies;
}

/**
 * Goes through people and asks what applies to them: now, or if a rule were another. Counting, it asks once for all who
 * are alike, and by themselves only those who lack an authenticator and whose time to set one up runs already.
 */
export class Census {
  readonly #services: CensusServices;

  constructor(services: CensusServices) {
    this.#services = services;
  }

  /** The rules as they are laid down now; the site's is read where it is not known. */
  async rules(site?: LaidDownRule): Promise<Rules> {
    const { settings, groups } = this.#services;
    return { site: site ?? siteRule(await settings.read()), groups: await groups.list() };
  }

  /** Everybody, one by one, oldest account first, disabled ones too. */
  async *everybody(): AsyncGenerator<Counted> {
    const judge = this.#judge({ rules: await this.rules() });
    for await (const batch of this.#services.cohorts.everybody()) yield* batch.map(judge);
  }

  /** All in the scope, many at once: for whoever has to ask something more about each. */
  async *tallies(scope: Scope): AsyncGenerator<Tally> {
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

  /** The people of some cohorts in the scope without the first `skip`, oldest account first, not all at once. */
  async *people(keys: readonly string[], scope: Scope, skip = 0): AsyncGenerator<readonly Compared[]> {
    if (keys.length === 0) return;
    const judge = this.#judge(scope);
    for await (const batch of this.#services.cohorts.members(keys, scope.groupId, skip)) {
      yield batch.map(judge);
    }
  }

  /** How many people who can sign in have authenticators of which none is asked for. */
  async without(): Promise<number> {
    let count = 0;
    for await (const { one, size } of this.tallies({ rules: await this.rules() })) {
      const { account, authenticators, policy } = one;
      const has = account.disabledAt === null && authenticators.length > 0;
      if (has && !isAsked(policy, authenticators)) count += size;
    }
    return count;
  }

  #judge({ rules, whatIf = {} }: Scope): (person: CensusPerson) => Compared {
    const places = new Map(rules.groups.map((group, place) => [group.id, { group, place }]));
    return ({ account, authenticators, hasCodes, beginnings, ...person }) => {
      const memberships = person.memberships
        .flatMap(({ groupId, joinedAt }) => {
          // One that went meanwhile applies to nobody.
          const found = places.get(groupId);
          return found ? { ...found, accountId: account.id, joinedAt } : [];
        })
        .sort((one, other) => one.place - other.place);
      const known = { account, memberships, beginnings };
      const { now, then } = this.#services.policies.compared(known, rules.site, whatIf);
      return { account, authenticators, hasCodes, policy: now, then };
    };
  }
}

/** Whether an authenticator of theirs is asked for now, and none would be any more. */
export function isLeftWithout({
  account,
  authenticators,
  policy,
  then,
}: Omit<Compared, 'hasCodes'>): boolean {
  const isProtected = account.disabledAt === null && isAsked(policy, authenticators);
  return isProtected && !isAsked(then, authenticators);
}

/** Whether an authenticator is demanded that has not been created. Of this no moment decides, only of its deadline. */
function isDue({ authenticators, policy, then }: Compared): boolean {
  return [policy, then].some((one) => dueAfterPassword(one, authenticators, true) !== undefined);
}

function isAsked(policy: PersonalPolicy, authenticators: readonly OfMethod[]): boolean {
  return allowedAuthenticators(policy, authenticators).length > 0;
}
