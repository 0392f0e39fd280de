import { createHash } from 'node:crypto';
import { type Account, accountState } from '../accounts/account.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { GroupStore } from '../accounts/group.ts';
import type { SettingsStore } from '../settings/settings.ts';
import type { Clock, Instant } from '../time.ts';
import { type Census, type Compared, isLeftWithout, type Scope, type Tally } from './census.ts';
import { type Deadline, isEarlier } from './grace.ts';
import type { PersonalPolicy } from './personal-policy.ts';
import type { WhatIf } from './policies.ts';
import { dueAfterPassword } from './sign-in-checks.ts';

/** So many people are named; the others are a number. */
export const NAMED = 50;

/** Somebody who would be asked to enrol, and up to when it may be put off. */
export interface AskedPerson {
  readonly account: Account;
  readonly deadline: Deadline;
}

/** When people would be asked: each counts once. */
export interface Timing {
  atOnce: number;
  /** At dates, from the earliest to the latest. */
  dated: { count: number; earliest: Instant; latest: Instant } | undefined;
  /** Days from the next sign-in, with how many people have so many. */
  readonly fromNextSignIn: Map<number, number>;
}

/** What a change would do to people. */
export interface Preview {
  /** How many would be asked to enrol who are not asked now, or only later. */
  readonly asked: number;
  /** How many of them have not shown that the mailbox is theirs. */
  readonly unconfirmed: number;
  readonly timing: Timing;
  /** The first of them, oldest account first. */
  readonly named: readonly AskedPerson[];
  /** How many are asked for an authenticator now, and would not be any more. */
  readonly left: number;
  /** How many of those are asked to enrol again. */
  readonly leftAsked: number;
}

interface PreviewServices {
  readonly census: Pick<Census, 'tallies' | 'people'>;
  readonly settings: Pick<SettingsStore, 'read'>;
  readonly groups: Pick<GroupStore, 'all' | 'of'>;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly clock: Clock;
}

/** What a change of rules would do, before it is made. Nobody who is disabled counts: they cannot sign in. */
export class Previews {
  readonly #services: PreviewServices;

  constructor(services: PreviewServices) {
    this.#services = services;
  }

  /** Whether it would ask anybody to enrol, or leave anybody without 2FA. */
  async touchesAnybody(whatIf: WhatIf): Promise<boolean> {
    for await (const { one } of this.#tallies(whatIf)) {
      if (this.#asked(one) || isLeftWithout(one)) return true;
    }
    return false;
  }

  async of(whatIf: WhatIf): Promise<Preview> {
    const timing: Timing = { atOnce: 0, dated: undefined, fromNextSignIn: new Map() };
    const keys = new Set<string>();
    let [asked, unconfirmed, left, leftAsked] = [0, 0, 0, 0];
    for await (const { one, size, keys: theirs } of this.#tallies(whatIf)) {
      const deadline = this.#asked(one);
      if (isLeftWithout(one)) {
        left += size;
        if (deadline) leftAsked += size;
      }
      if (!deadline) continue;
      asked += size;
      if (!hasConfirmedMailbox(one.account)) unconfirmed += size;
      addTo(timing, deadline, size);
      for (const key of theirs) keys.add(key);
    }
    return { asked, unconfirmed, timing, named: await this.#named([...keys], whatIf), left, leftAsked };
  }

  async *#tallies(whatIf: WhatIf): AsyncGenerator<Tally> {
    const scope = scopeOf(whatIf);
    if (scope) for await (const tallies of this.#services.census.tallies(scope)) yield* tallies;
  }

  async #named(keys: readonly string[], whatIf: WhatIf): Promise<readonly AskedPerson[]> {
    const named: AskedPerson[] = [];
    for await (const batch of this.#services.census.people(keys, scopeOf(whatIf) ?? {})) {
      for (const one of batch) {
        const deadline = this.#asked(one);
        if (deadline) named.push({ account: one.account, deadline });
        if (named.length === NAMED) return named;
      }
    }
    return named;
  }

  /**
   * Stands for all that administrators have decided that bears on the change: the settings, the groups with their rules
   * and sizes, what is decided of the person. Another one later says that a preview is out of date. What people do
   * themselves (signing in, enrolling) is left out: on a busy site no preview would ever hold.
   */
  async basis({ person }: WhatIf): Promise<string> {
    const { settings, groups, accounts } = this.#services;
    const decided = [await settings.read(), await groups.all()];
    const theirs = person && [
      (await accounts.find(person.id))?.enforcement,
      (await groups.of([person.id])).get(person.id)?.map(({ group }) => group.id),
    ];
    return createHash('sha256')
      .update(JSON.stringify([decided, theirs]))
      .digest('base64url');
  }

  /** The deadline that the change would set to whoever has none, or a later one. */
  #asked({ account, authenticators, policy, then }: Compared): Deadline | undefined {
    if (account.disabledAt !== null) return undefined;
    const deadline = (of: PersonalPolicy) =>
      dueAfterPassword(of, authenticators, true) ? of.deadline : undefined;
    const [now, future] = [deadline(policy), deadline(then)];
    if (!future || (now && !isEarlier(future, now, this.#services.clock()))) return undefined;
    return future;
  }
}

/**
 * Whether the person has shown that the mailbox is theirs: by accepting an invitation, signing up, changing the address,
 * all of which take what was mailed there. An account that was made with a password (the first one, by the command line,
 * an import) has an address that whoever made it vouches for. Who was invited and never accepted has shown nothing.
 */
export function hasConfirmedMailbox(account: Account): boolean {
  return accountState(account) !== 'invited';
}

/** A rule of a group concerns its members alone; undefined where nothing is supposed, which concerns nobody. */
function scopeOf(whatIf: WhatIf): Scope | undefined {
  const { site, group, person } = whatIf;
  if (!site && !group && !person) return undefined;
  return { whatIf, groupId: site ? undefined : group?.id };
}

function addTo(timing: Timing, deadline: Deadline, size: number): void {
  switch (deadline.kind) {
    case 'over':
      timing.atOnce += size;
      return;
    case 'at': {
      const { count = 0, earliest = deadline.at, latest = deadline.at } = timing.dated ?? {};
      timing.dated = {
        count: count + size,
        earliest: Math.min(earliest, deadline.at),
        latest: Math.max(latest, deadline.at),
      };
      return;
    }
    case 'not begun':
      timing.fromNextSignIn.set(deadline.days, (timing.fromNextSignIn.get(deadline.days) ?? 0) + size);
  }
}
