import type { Account } from '../accounts/account.ts';
import type { Administrators } from '../accounts/administrators.ts';
import type { Actor, Audit } from '../audit/audit.ts';
import { differences } from '../audit/differences.ts';
import { newId } from '../kernel/identifiers.ts';
import type { Clock } from '../kernel/time.ts';
import { bind, type Transact, type Transaction } from '../kernel/transaction.ts';
import type { Notices } from '../mail/notices.ts';
import { graceFact } from '../settings/grace.ts';
import { type PolicyRule, replaceRule } from '../settings/rule.ts';
import type { TrustedBrowserStore } from '../two-factor/trusted-browser.ts';
import type { Group, GroupStore, GroupWithSize } from './group.ts';
import { weakensRule } from './weakening.ts';

interface GroupServices {
  readonly store: GroupStore;
  readonly trust: Pick<TrustedBrowserStore, 'clear'>;
  readonly administrators: Pick<Administrators, 'tell'>;
  readonly audit: Audit;
  readonly notices: Notices;
  /** Runs decisions over people one at a time, each in a transaction. */
  readonly policyLock: Transact;
  readonly clock: Clock;
}

/** What administrators can set: name and rule. */
export interface GroupInput extends Omit<PolicyRule, 'since'> {
  readonly name: string;
}

/** "refused": another group has the name, or this group no longer exists. */
export type GroupChange = 'changed' | 'unchanged' | 'refused';

/**
 * Groups of people and their members. All changes are audited, and people are mailed when they join or leave. If somebody's
 * rules change, their trusted browsers are cleared for good: the trust does not return with the earlier rule.
 */
export class Groups {
  readonly #services: GroupServices;

  constructor(services: GroupServices) {
    this.#services = services;
  }

  in(tx: Transaction): Groups {
    return new Groups(bind(this.#services, tx));
  }

  /** All groups with their number of members, ordered by name. */
  async all(): Promise<readonly GroupWithSize[]> {
    return this.#services.store.all();
  }

  /** All groups without the number of members, ordered by name. */
  async list(): Promise<readonly Group[]> {
    return this.#services.store.list();
  }

  async find(id: string): Promise<Group | undefined> {
    return this.#services.store.find(id);
  }

  async findByName(name: string): Promise<Group | undefined> {
    return this.#services.store.findByName(name);
  }

  /** The person's groups, ordered by name. */
  async of({ id }: Account): Promise<readonly Group[]> {
    return ((await this.#services.store.of([id])).get(id) ?? []).map(({ group }) => group);
  }

  /** Undefined if another group has the name. */
  async create(decided: GroupInput, actor: Actor): Promise<Group | undefined> {
    const { policyLock, clock } = this.#services;
    const group = { id: newId(clock()), ...this.#replaceRule(undefined, decided) };
    return policyLock(this.#services, async ({ store, audit }) => {
      if (!(await store.create(group))) return undefined;
      await audit.record('group.created', actor, actor.party, { group: group.name, ...factsOf(group) });
      return group;
    });
  }

  /** The group as it would be after the change. Writes nothing. */
  next(group: Group, decided: GroupInput): Group {
    return { id: group.id, ...this.#replaceRule(group, decided) };
  }

  async change(group: Group, decided: GroupInput, actor: Actor): Promise<GroupChange> {
    const next = this.next(group, decided);
    const detail = differences(factsOf(group), factsOf(next));
    const isRenamed = group.name !== next.name;
    if (Object.keys(detail).length === 0 && !isRenamed) return 'unchanged';
    const { policyLock } = this.#services;
    return policyLock(this.#services, async ({ store, trust, administrators, audit }) => {
      if (!(await store.change(next))) return 'refused';
      if (TRUST_RESTS_ON.some((fact) => fact in detail)) await trust.clear({ groupId: group.id });
      const facts = { group: group.name, ...detail, ...(isRenamed && { to: next.name }) };
      await audit.record('group.changed', actor, actor.party, facts);
      if (weakensRule(group, next)) await administrators.tell('policy weakened', actor);
      return 'changed';
    });
  }

  /** Removes the group with its rule; false if it no longer exists. */
  async remove(group: Group, actor: Actor): Promise<boolean> {
    const { policyLock } = this.#services;
    return policyLock(this.#services, async ({ store, trust, administrators, audit }) => {
      if (asksForSomething(group)) await trust.clear({ groupId: group.id });
      if (!(await store.remove(group.id))) return false;
      await audit.record('group.removed', actor, actor.party, { group: group.name });
      if (asksForSomething(group)) await administrators.tell('policy weakened', actor);
      return true;
    });
  }

  /** False if the person is a member already, or the group no longer exists. */
  async add(group: Group, account: Account, actor: Actor): Promise<boolean> {
    const { policyLock } = this.#services;
    return policyLock(this.#services, async ({ store, trust, audit, notices, clock }) => {
      if (!(await store.add(group.id, account.id, clock()))) return false;
      if (asksForSomething(group)) await trust.clear({ accountId: account.id });
      await audit.record('group.member-added', actor, account, { group: group.name });
      await notices.tell(account, 'group joined', actor, group.name);
      return true;
    });
  }

  /** False if the person was not a member. */
  async drop(group: Group, account: Account, actor: Actor): Promise<boolean> {
    const { policyLock } = this.#services;
    return policyLock(this.#services, async ({ store, trust, audit, notices }) => {
      if (!(await store.drop(group.id, account.id))) return false;
      if (asksForSomething(group)) await trust.clear({ accountId: account.id });
      await audit.record('group.member-removed', actor, account, { group: group.name });
      await notices.tell(account, 'group left', actor, group.name);
      return true;
    });
  }

  #replaceRule(before: Group | undefined, { name, ...rule }: GroupInput): Omit<Group, 'id'> {
    return { name, ...replaceRule(before, rule, this.#services.clock()) };
  }
}

/** Changes of these fields (names of the audit log) end the trust in browsers: it was given under the earlier rule. */
const TRUST_RESTS_ON = ['rule', 'methods'] as const;

/** Whether the rule asks for anything. If not, adding or removing it weakens nothing and ends no trust. */
function asksForSomething({ rule }: Group): boolean {
  return rule !== 'off';
}

/** A group's rule in the words of the audit log. */
function factsOf({ rule, methods, grace }: GroupInput): Readonly<Record<string, string>> {
  return { rule, methods: methods.join(', '), grace: graceFact(grace) };
}
