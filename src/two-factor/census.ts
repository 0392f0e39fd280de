import type { Account } from '../accounts/account.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { People } from '../accounts/people.ts';
import { type SettingsStore, siteRule } from '../settings/settings.ts';
import type { Authenticator, Authenticators } from './authenticator.ts';
import type { PersonalPolicy } from './personal-policy.ts';
import type { Policies, WhatIf } from './policies.ts';
import { allowedAuthenticators } from './policy.ts';
import { dueAfterPassword } from './sign-in-checks.ts';

/** People who are alike in all that decides: their state, methods, recovery codes, groups, "Enforce 2FA". */
export interface Cohort {
  /** What they have in common. */
  readonly key: string;
  /** The oldest account among them. */
  readonly first: Account;
  readonly size: number;
  /** Whether moments matter as well: a grace of theirs has begun, or an authenticator went. */
  readonly timed: boolean;
}

/** Where people are counted by what they have in common. */
export interface CohortStore {
  /** Of everybody, or of the members of a group; in the order of their first accounts. */
  all(groupId?: string): Promise<readonly Cohort[]>;
  /** The people of some cohorts without the first `skip`, oldest account first, not all at once. */
  members(keys: readonly string[], groupId?: string, skip?: number): AsyncIterable<readonly Account[]>;
}

/** Somebody with what applies to them, and what they have. */
export interface Counted {
  readonly account: Account;
  readonly authenticators: readonly Authenticator[];
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

/** Who is counted: everybody, or the members of a group, or one person; and under which supposition. */
export interface Scope {
  readonly groupId?: string | undefined;
  readonly whatIf?: WhatIf;
}

interface CensusServices {
  readonly accounts: Pick<Accounts, 'find'>;
  readonly people: Pick<People, 'inBatches'>;
  readonly cohorts: CohortStore;
  readonly authenticators: Pick<Authenticators, 'ofMany'>;
  readonly settings: Pick<SettingsStore, 'read'>;
  readonly policies: Policies;
}

const BATCH = 200;

/**
 * Goes through people and asks what applies to them: now, or if a rule were another. Counting, it asks once for all who
 * are alike, and by themselves only those who lack an authenticator and whose time to set one up runs already.
 */
export class Census {
  readonly #services: CensusServices;

  constructor(services: CensusServices) {
    this.#services = services;
  }

  /** Everybody, one by one, oldest account first, disabled ones too. */
  async *everybody(): AsyncGenerator<Counted> {
    for await (const batch of this.#services.people.inBatches()) {
      yield* await this.#judged(
        batch.map(({ account }) => account),
        {},
      );
    }
  }

  /** All in the scope, many at once: for whoever has to ask something more about each. */
  async *tallies(scope: Scope = {}): AsyncGenerator<readonly Tally[]> {
    const { whatIf = {}, groupId } = scope;
    if (whatIf.person) return yield* this.#alone(whatIf);
    const cohorts = await this.#services.cohorts.all(groupId);
    const apart: string[] = [];
    for (let start = 0; start < cohorts.length; start += BATCH) {
      const some = cohorts.slice(start, start + BATCH);
      const firsts = await this.#judged(
        some.map(({ first }) => first),
        whatIf,
      );
      const alike = firsts.flatMap((one, index): readonly Tally[] => {
        const { key, size, timed } = some[index] ?? never();
        if (!timed || !isDue(one)) return [{ one, keys: [key], size, apart: false }];
        apart.push(key);
        return [];
      });
      yield alike;
    }
    for await (const people of this.people(apart, scope)) {
      yield people.map((one) => ({ one, keys: apart, size: 1, apart: true }));
    }
  }

  /** The people of some cohorts in the scope without the first `skip`, oldest account first, not all at once. */
  async *people(
    keys: readonly string[],
    { groupId, whatIf = {} }: Scope,
    skip = 0,
  ): AsyncGenerator<readonly Compared[]> {
    if (keys.length === 0) return;
    if (whatIf.person) {
      for await (const tallies of this.#alone(whatIf)) yield tallies.map(({ one }) => one);
      return;
    }
    for await (const batch of this.#services.cohorts.members(keys, groupId, skip)) {
      yield await this.#judged(batch, whatIf);
    }
  }

  /** How many people who can sign in have authenticators of which none is asked for. */
  async without(): Promise<number> {
    let count = 0;
    for await (const tallies of this.tallies()) {
      for (const { one, size } of tallies) {
        const { account, authenticators, policy } = one;
        const has = account.disabledAt === null && authenticators.length > 0;
        if (has && !isAsked(policy, authenticators)) count += size;
      }
    }
    return count;
  }

  /** What is decided of a person concerns nobody else. */
  async *#alone(whatIf: WhatIf): AsyncGenerator<readonly Tally[]> {
    const account = whatIf.person && (await this.#services.accounts.find(whatIf.person.id));
    if (!account) return;
    const [one] = await this.#judged([account], whatIf);
    if (one) yield [{ one, size: 1, keys: [account.id], apart: false }];
  }

  /** In the order of the accounts. */
  async #judged(accounts: readonly Account[], whatIf: WhatIf): Promise<readonly Compared[]> {
    const { authenticators, settings, policies } = this.#services;
    const site = siteRule(await settings.read());
    const theirs = await authenticators.ofMany(accounts.map(({ id }) => id));
    const both = await policies.compared(accounts, site, whatIf);
    return accounts.map((account) => {
      const { now, then } = both.get(account.id) ?? never();
      return { account, authenticators: theirs.get(account.id) ?? [], policy: now, then };
    });
  }
}

/** Whether an authenticator of theirs is asked for now, and none would be any more. */
export function isLeftWithout({ account, authenticators, policy, then }: Compared): boolean {
  const isProtected = account.disabledAt === null && isAsked(policy, authenticators);
  return isProtected && !isAsked(then, authenticators);
}

/** Whether an authenticator is demanded that has not been created. Of this no moment decides, only of its deadline. */
function isDue({ authenticators, policy, then }: Compared): boolean {
  return [policy, then].some((one) => dueAfterPassword(one, authenticators, true) !== undefined);
}

function isAsked(policy: PersonalPolicy, authenticators: readonly Authenticator[]): boolean {
  return allowedAuthenticators(policy, authenticators).length > 0;
}

function never(): never {
  throw new Error('Somebody was not judged.');
}
