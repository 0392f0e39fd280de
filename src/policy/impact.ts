import { createHash } from 'node:crypto';
import { type Account, accountState } from '../accounts/account.ts';
import type { Clock, Instant } from '../kernel/time.ts';
import { bind, type Transact, type Transaction } from '../kernel/transaction.ts';
import { type Deadline, isEarlier } from '../settings/grace.ts';
import { type Settings, type SettingsStore, siteRule } from '../settings/settings.ts';
import type { EffectivePolicy } from './effective-policy.ts';
import type { GroupStore, GroupWithSize, Membership } from './group.ts';
import type { Policies, ProposedChange } from './policies.ts';
import {
  becomesUnoffered,
  type CohortTotal,
  type PersonDiff,
  type PolicyReport,
  type Scope,
} from './report.ts';
import { requiredEnrolment } from './requirements.ts';
import type { AuthSnapshots } from './snapshot.ts';

/** Largest number of people that a preview names. It only counts the others. */
export const NAMED = 50;

/** A person who would be asked to enrol, and until when they may put it off. */
export interface AskedPerson {
  readonly account: Account;
  readonly deadline: Deadline;
}

/** When people would be asked. Each is counted once. */
export interface Timing {
  atOnce: number;
  /** People with a fixed date, and the range of the dates. */
  dated: { count: number; earliest: Instant; latest: Instant } | undefined;
  /** Number of people by their days of grace, which count from the next sign-in. */
  readonly fromNextSignIn: Map<number, number>;
}

/** What a change would do to people. */
export interface Impact {
  /** People who would be asked to enrol and are not asked now, or only later. */
  readonly asked: number;
  /** Those of them whose mailbox is not confirmed. */
  readonly unconfirmed: number;
  readonly timing: Timing;
  /** The first of them, oldest account first. */
  readonly named: readonly AskedPerson[];
  /**
   * People who have an authenticator of an allowed method now, and would have none. At sign-in they are still asked
   * for it, and they cannot set up another one of that method.
   */
  readonly unoffered: number;
  /** Identifies the decisions on which this is based; see `PolicyImpact.revision`. */
  readonly revision: string;
}

interface PolicyImpactServices {
  readonly policyReport: Pick<PolicyReport, 'totals' | 'people'>;
  readonly groups: Pick<GroupStore, 'all' | 'list'>;
  readonly settings: Pick<SettingsStore, 'read'>;
  readonly snapshots: AuthSnapshots;
  readonly policies: Policies;
  /** Runs decisions over people one at a time, each in a transaction. */
  readonly policyLock: Transact;
  readonly clock: Clock;
}

/** "stale": another decision was made since the preview, and nothing was written. */
export type Decision<Outcome> =
  | { readonly kind: 'written'; readonly outcome: Outcome }
  | { readonly kind: 'stale' };

/** The decisions of administrators about everybody or about groups. */
interface Decided {
  readonly settings: Settings;
  /** Empty if the change is about one person: the snapshot of the person has the groups that matter. */
  readonly groups: readonly GroupWithSize[];
}

/** A person with the policies before and after the change. */
type Concerned = Omit<PersonDiff, 'hasCodes'>;

/** Computes the effect of a change of rules on people. Disabled accounts do not count: they cannot sign in. */
export class PolicyImpact {
  readonly #services: PolicyImpactServices;

  constructor(services: PolicyImpactServices) {
    this.#services = services;
  }

  in(tx: Transaction): PolicyImpact {
    return new PolicyImpact(bind(this.#services, tx));
  }

  /** Whether the change asks anybody to enrol, or leaves anybody without an authenticator of an allowed method. */
  async affectsAnyone(proposed: ProposedChange, settings: Settings): Promise<boolean> {
    for await (const { one } of this.#totals(proposed, await this.#decided(proposed, settings))) {
      if (this.#asked(one) || becomesUnoffered(one)) return true;
    }
    return false;
  }

  /** @param groups every group with its size, if the caller has read them already */
  async of(proposed: ProposedChange, settings: Settings, groups?: readonly GroupWithSize[]): Promise<Impact> {
    // Read before the count: a decision made during the count must make the preview stale.
    const decided = groups ? { settings, groups } : await this.#decided(proposed, settings);
    const timing: Timing = { atOnce: 0, dated: undefined, fromNextSignIn: new Map() };
    const keys = new Set<string>();
    let [asked, unconfirmed, unoffered] = [0, 0, 0];
    for await (const { one, size, keys: theirs } of this.#totals(proposed, decided)) {
      const deadline = this.#asked(one);
      if (becomesUnoffered(one)) unoffered += size;
      if (!deadline) continue;
      asked += size;
      if (!hasConfirmedMailbox(one.account)) unconfirmed += size;
      addTo(timing, deadline, size);
      for (const key of theirs) keys.add(key);
    }
    const named = asked > 0 ? await this.#named([...keys], proposed, decided) : [];
    return { asked, unconfirmed, timing, named, unoffered, revision: revisionOf(proposed, decided) };
  }

  /** The same by the settings that are stored now. */
  async ofNow(proposed: ProposedChange, groups?: readonly GroupWithSize[]): Promise<Impact> {
    return this.of(proposed, await this.#services.settings.read(), groups);
  }

  /**
   * Digest of every decision of an administrator on which the impact depends: the settings, the groups with their rules and
   * sizes, or the decisions about the person and the rules of their groups. A preview with another revision is out of
   * date. What people do themselves (signing in, enrolling) is left out: on a busy site every preview would be out of date.
   */
  async revision(proposed: ProposedChange, settings: Settings): Promise<string> {
    return revisionOf(proposed, await this.#decided(proposed, settings));
  }

  /**
   * Runs `write` if the change still has the revision of its preview. Check and write are one transaction: if two
   * administrators save the same preview at once, the second gets "stale".
   */
  async applyIfUnchanged<Outcome>(
    proposed: ProposedChange,
    revision: unknown,
    write: (tx: Transaction) => Promise<Outcome>,
  ): Promise<Decision<Outcome>> {
    const { policyLock } = this.#services;
    return policyLock(this.#services, async ({ settings }, tx): Promise<Decision<Outcome>> => {
      const bound = this.in(tx);
      const present = await bound.#reloaded(proposed);
      const isUnchanged = present && revision === (await bound.revision(present, await settings.read()));
      return isUnchanged ? { kind: 'written', outcome: await write(tx) } : { kind: 'stale' };
    });
  }

  /** The same change with the present person and groups; undefined if the person no longer exists. */
  async #reloaded(proposed: ProposedChange): Promise<ProposedChange | undefined> {
    const { person } = proposed;
    if (!person) return proposed;
    const claim = { accountId: person.known.account.id, signInId: undefined };
    const { person: known } = await this.#services.snapshots.read(claim);
    if (!known || !person.memberships) return known && { person: { ...person, known } };
    const groups = new Map((await this.#services.groups.list()).map((group) => [group.id, group]));
    const memberships = person.memberships.flatMap((one) => {
      const group = groups.get(one.group.id);
      return group ? { ...one, group } : [];
    });
    return { person: { ...person, known, memberships } };
  }

  async #decided({ site, group }: ProposedChange, settings: Settings): Promise<Decided> {
    return { settings, groups: site || group ? await this.#services.groups.all() : [] };
  }

  async *#totals(
    proposed: ProposedChange,
    decided: Decided,
  ): AsyncGenerator<Pick<CohortTotal, 'size' | 'keys'> & { readonly one: Concerned }> {
    if (proposed.person) yield { one: this.#alone(proposed.person, decided), size: 1, keys: [] };
    const scope = scopeOf(proposed, decided);
    if (scope) yield* this.#services.policyReport.totals(scope);
  }

  /** The person of a change about one person. Nobody else is affected. */
  #alone(person: NonNullable<ProposedChange['person']>, { settings }: Decided): Concerned {
    const { known } = person;
    const { now, then } = this.#services.policies.compared(known, siteRule(settings), { person });
    return { account: known.account, authenticators: known.authenticators, policy: now, then };
  }

  async #named(
    keys: readonly string[],
    proposed: ProposedChange,
    decided: Decided,
  ): Promise<readonly AskedPerson[]> {
    const named: AskedPerson[] = [];
    for await (const batch of this.#people(keys, proposed, decided)) {
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
    proposed: ProposedChange,
    decided: Decided,
  ): AsyncGenerator<readonly Concerned[]> {
    if (proposed.person) yield [this.#alone(proposed.person, decided)];
    const scope = scopeOf(proposed, decided);
    if (scope) yield* this.#services.policyReport.people(keys, scope);
  }

  /** The deadline after the change, if the person has none now or a later one; otherwise undefined. */
  #asked({ account, authenticators, policy, then }: Concerned): Deadline | undefined {
    if (account.disabledAt !== null) return undefined;
    const deadline = (of: EffectivePolicy) =>
      requiredEnrolment(of, authenticators) ? of.deadline : undefined;
    const [now, future] = [deadline(policy), deadline(then)];
    if (!future || (now && !isEarlier(future, now, this.#services.clock()))) return undefined;
    return future;
  }
}

/**
 * Whether the mailbox counts as the person's own. Accepting an invitation, signing up and changing the address each need a mail
 * to it. For an account that was created with a password (the first one, by command line or import), the creator is trusted.
 * An open invitation confirms nothing.
 */
export function hasConfirmedMailbox(account: Account): boolean {
  return accountState(account) !== 'invited';
}

/** The people to count: for a group's rule, its members. Undefined if the change is about one person. */
function scopeOf(proposed: ProposedChange, { settings, groups }: Decided): Scope | undefined {
  const { site, group } = proposed;
  if (!site && !group) return undefined;
  return { rules: { site: siteRule(settings), groups }, proposed, groupId: group?.id };
}

function revisionOf({ person }: ProposedChange, { settings, groups }: Decided): string {
  const rules = (memberships: readonly Membership[] = []) =>
    memberships.map(({ group: { id, rule, methods, grace, since } }) => [id, rule, methods, grace, since]);
  const theirs = person && [
    person.known.account.id,
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
