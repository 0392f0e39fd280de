import { createHash } from 'node:crypto';
import { type Account, accountState } from '../accounts/account.ts';
import type { GroupStore, GroupWithSize, Membership } from '../accounts/group.ts';
import type { Standings } from '../accounts/standings.ts';
import type { Atomically } from '../atomically.ts';
import { type Settings, type SettingsStore, siteRule } from '../settings/settings.ts';
import type { Clock, Instant } from '../time.ts';
import { type Census, type Compared, isLeftWithout, type Scope, type Tally } from './census.ts';
import { type Deadline, isEarlier } from './grace.ts';
import type { PersonalPolicy } from './personal-policy.ts';
import type { Policies, WhatIf } from './policies.ts';
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
  /** What was decided when this was worked out; see `Previews.basis`. */
  readonly basis: string;
}

interface PreviewServices {
  readonly census: Pick<Census, 'tallies' | 'people'>;
  readonly groups: Pick<GroupStore, 'all' | 'list'>;
  readonly settings: Pick<SettingsStore, 'read'>;
  readonly standings: Standings;
  readonly policies: Policies;
  /** Runs what decides over people: never two at once. */
  readonly deciding: Atomically;
  readonly clock: Clock;
}

/** "stale": something else was decided since it was shown, and nothing was written. */
export type Decision<Outcome> =
  | { readonly kind: 'written'; readonly outcome: Outcome }
  | { readonly kind: 'stale' };

/** What administrators have decided, as far as it bears on everybody or on a group. */
interface Decided {
  readonly settings: Settings;
  /** None where the change concerns one person: what is known of them has those that bear on it. */
  readonly groups: readonly GroupWithSize[];
}

/** Somebody whom a change concerns. */
type Concerned = Omit<Compared, 'hasCodes'>;

/** What a change of rules would do, before it is made. Nobody who is disabled counts: they cannot sign in. */
export class Previews {
  readonly #services: PreviewServices;

  constructor(services: PreviewServices) {
    this.#services = services;
  }

  /** Whether it would ask anybody to enrol, or leave anybody without 2FA. */
  async touchesAnybody(whatIf: WhatIf, settings: Settings): Promise<boolean> {
    for await (const { one } of this.#tallies(whatIf, await this.#decided(whatIf, settings))) {
      if (this.#asked(one) || isLeftWithout(one)) return true;
    }
    return false;
  }

  /** `groups`: where they are known already. */
  async of(whatIf: WhatIf, settings: Settings, groups?: readonly GroupWithSize[]): Promise<Preview> {
    // Before the count: what is decided during it makes the preview stale.
    const decided = groups ? { settings, groups } : await this.#decided(whatIf, settings);
    const timing: Timing = { atOnce: 0, dated: undefined, fromNextSignIn: new Map() };
    const keys = new Set<string>();
    let [asked, unconfirmed, left, leftAsked] = [0, 0, 0, 0];
    for await (const { one, size, keys: theirs } of this.#tallies(whatIf, decided)) {
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
    const named = asked > 0 ? await this.#named([...keys], whatIf, decided) : [];
    return { asked, unconfirmed, timing, named, left, leftAsked, basis: basisOf(whatIf, decided) };
  }

  /**
   * Stands for all that administrators have decided that bears on the change: the settings, the groups with their rules
   * and sizes, or what is decided of the person and the rules of their groups. Another one later says that a preview is out of date. What people do
   * themselves (signing in, enrolling) is left out: on a busy site no preview would ever hold.
   */
  async basis(whatIf: WhatIf, settings: Settings): Promise<string> {
    return basisOf(whatIf, await this.#decided(whatIf, settings));
  }

  /**
   * Writes what was shown with this basis, unless something else was decided since. That is one unit with the writing: of
   * two who save at once what both were shown, the second is told that the first has changed it.
   */
  async ifAsShown<Outcome>(
    whatIf: WhatIf,
    basis: unknown,
    write: () => Promise<Outcome>,
  ): Promise<Decision<Outcome>> {
    const { settings, deciding } = this.#services;
    return deciding(async (): Promise<Decision<Outcome>> => {
      const present = await this.#anew(whatIf);
      const isAsShown = present && basis === (await this.basis(present, await settings.read()));
      return isAsShown ? { kind: 'written', outcome: await write() } : { kind: 'stale' };
    });
  }

  /** The supposition about the person as they are now, and groups as theirs are; undefined where they are gone. */
  async #anew(whatIf: WhatIf): Promise<WhatIf | undefined> {
    const { person } = whatIf;
    if (!person) return whatIf;
    const claim = { accountId: person.known.account.id, signInId: undefined };
    const { person: known } = await this.#services.standings.read(claim);
    if (!known || !person.memberships) return known && { person: { ...person, known } };
    const groups = new Map((await this.#services.groups.list()).map((group) => [group.id, group]));
    const memberships = person.memberships.flatMap((one) => {
      const group = groups.get(one.group.id);
      return group ? { ...one, group } : [];
    });
    return { person: { ...person, known, memberships } };
  }

  async #decided({ site, group }: WhatIf, settings: Settings): Promise<Decided> {
    return { settings, groups: site || group ? await this.#services.groups.all() : [] };
  }

  async *#tallies(
    whatIf: WhatIf,
    decided: Decided,
  ): AsyncGenerator<Pick<Tally, 'size' | 'keys'> & { readonly one: Concerned }> {
    if (whatIf.person) yield { one: this.#alone(whatIf.person, decided), size: 1, keys: [] };
    const scope = scopeOf(whatIf, decided);
    if (scope) yield* this.#services.census.tallies(scope);
  }

  /** What is decided of a person concerns nobody else. */
  #alone(person: NonNullable<WhatIf['person']>, { settings }: Decided): Concerned {
    const { known } = person;
    const { now, then } = this.#services.policies.compared(known, siteRule(settings), { person });
    return { account: known.account, authenticators: known.authenticators, policy: now, then };
  }

  async #named(keys: readonly string[], whatIf: WhatIf, decided: Decided): Promise<readonly AskedPerson[]> {
    const named: AskedPerson[] = [];
    for await (const batch of this.#people(keys, whatIf, decided)) {
      for (const one of batch) {
        const deadline = this.#asked(one);
        if (deadline) named.push({ account: one.account, deadline });
        if (named.length === NAMED) return named;
      }
    }
    return named;
  }

  async *#people(
    keys: readonly string[],
    whatIf: WhatIf,
    decided: Decided,
  ): AsyncGenerator<readonly Concerned[]> {
    if (whatIf.person) yield [this.#alone(whatIf.person, decided)];
    const scope = scopeOf(whatIf, decided);
    if (scope) yield* this.#services.census.people(keys, scope);
  }

  /** The deadline that the change would set to whoever has none, or a later one. */
  #asked({ account, authenticators, policy, then }: Concerned): Deadline | undefined {
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

/** A rule of a group concerns its members alone; undefined where nothing is supposed of a rule. */
function scopeOf(whatIf: WhatIf, { settings, groups }: Decided): Scope | undefined {
  const { site, group } = whatIf;
  if (!site && !group) return undefined;
  return { rules: { site: siteRule(settings), groups }, whatIf, groupId: group?.id };
}

function basisOf({ person }: WhatIf, { settings, groups }: Decided): string {
  const rules = (memberships: readonly Membership[] = []) =>
    memberships.map(({ group: { id, rule, methods, grace, since } }) => [id, rule, methods, grace, since]);
  const theirs = person && [
    person.known.account.enforcement,
    rules(person.known.memberships),
    rules(person.memberships),
  ];
  return createHash('sha256')
    .update(JSON.stringify([settings, groups, theirs]))
    .digest('base64url');
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
