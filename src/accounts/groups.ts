import type { Atomically } from '../atomically.ts';
import { type Actor, type Audit, type AuditEventName, party } from '../audit/audit.ts';
import { newId } from '../identifiers.ts';
import type { Notices } from '../post/notices.ts';
import type { Clock } from '../time.ts';
import { graceFact } from '../two-factor/grace.ts';
import { type LaidDownRule, laidDown } from '../two-factor/personal-policy.ts';
import type { TrustedBrowserStore } from '../two-factor/trusted-browsers.ts';
import type { Account } from './account.ts';
import type { Group, GroupStore, GroupWithSize } from './group.ts';

interface GroupServices {
  readonly store: GroupStore;
  readonly trust: Pick<TrustedBrowserStore, 'clear'>;
  readonly audit: Audit;
  readonly notices: Notices;
  /** Runs what decides over people: never two at once. */
  readonly deciding: Atomically;
  readonly clock: Clock;
}

/** What administrators decide of a group. */
export interface DecidedGroup extends Omit<LaidDownRule, 'since'> {
  readonly name: string;
}

/** "refused": another group has the name, or this one is gone. */
export type GroupChange = 'changed' | 'unchanged' | 'refused';

/**
 * Groups of people, and who is in them. All that is changed is audited; people hear of their own coming and going. Whose rules
 * change is trusted in no browser any more, for good: what comes back later does not bring the trust back.
 */
export class Groups {
  readonly #services: GroupServices;

  constructor(services: GroupServices) {
    this.#services = services;
  }

  /** All, by name. */
  async all(): Promise<readonly GroupWithSize[]> {
    return this.#services.store.all();
  }

  /** The same, without the number of members. */
  async list(): Promise<readonly Group[]> {
    return this.#services.store.list();
  }

  async find(id: string): Promise<Group | undefined> {
    return this.#services.store.find(id);
  }

  async findByName(name: string): Promise<Group | undefined> {
    return this.#services.store.findByName(name);
  }

  /** Those that the person is in, by name. */
  async of({ id }: Account): Promise<readonly Group[]> {
    return ((await this.#services.store.of([id])).get(id) ?? []).map(({ group }) => group);
  }

  /** Undefined when another group has the name. */
  async create(decided: DecidedGroup, actor: Actor): Promise<Group | undefined> {
    const { store, deciding, clock } = this.#services;
    const group = { id: newId(clock()), ...this.#laidDown(undefined, decided) };
    return deciding(async () => {
      if (!(await store.create(group))) return undefined;
      await this.#record('group.created', group.name, actor, factsOf(group));
      return group;
    });
  }

  /** What the group would be; its rule holds only once it is changed. */
  next(group: Group, decided: DecidedGroup): Group {
    return { id: group.id, ...this.#laidDown(group, decided) };
  }

  async change(group: Group, decided: DecidedGroup, actor: Actor): Promise<GroupChange> {
    const next = this.next(group, decided);
    const [before, after] = [factsOf(group), factsOf(next)];
    const detail = Object.fromEntries(
      Object.entries(after)
        .filter(([fact, value]) => before[fact] !== value)
        .map(([fact, value]) => [fact, `${before[fact] || NOTHING} → ${value || NOTHING}`]),
    );
    const isRenamed = group.name !== next.name;
    if (Object.keys(detail).length === 0 && !isRenamed) return 'unchanged';
    const { store, trust, deciding } = this.#services;
    return deciding(async () => {
      if (!(await store.change(next))) return 'refused';
      if (TRUST_RESTS_ON.some((fact) => fact in detail)) await trust.clear({ groupId: group.id });
      const facts = { ...detail, ...(isRenamed && { to: next.name }) };
      await this.#record('group.changed', group.name, actor, facts);
      return 'changed';
    });
  }

  /** Its rule applies to nobody any more; false when it was gone. */
  async remove(group: Group, actor: Actor): Promise<boolean> {
    const { store, trust, deciding } = this.#services;
    return deciding(async () => {
      if (asksForSomething(group)) await trust.clear({ groupId: group.id });
      if (!(await store.remove(group.id))) return false;
      await this.#record('group.removed', group.name, actor);
      return true;
    });
  }

  /** False when the person is in it already, or it is gone. */
  async add(group: Group, account: Account, actor: Actor): Promise<boolean> {
    const { store, trust, notices, deciding, clock } = this.#services;
    return deciding(async () => {
      if (!(await store.add(group.id, account.id, clock()))) return false;
      if (asksForSomething(group)) await trust.clear({ accountId: account.id });
      await this.#recordOf('group.member-added', group, account, actor);
      await notices.tell(account, 'group joined', actor, group.name);
      return true;
    });
  }

  /** False when the person was not in it. */
  async drop(group: Group, account: Account, actor: Actor): Promise<boolean> {
    const { store, trust, notices, deciding } = this.#services;
    return deciding(async () => {
      if (!(await store.drop(group.id, account.id))) return false;
      if (asksForSomething(group)) await trust.clear({ accountId: account.id });
      await this.#recordOf('group.member-removed', group, account, actor);
      await notices.tell(account, 'group left', actor, group.name);
      return true;
    });
  }

  #laidDown(before: Group | undefined, { name, ...rule }: DecidedGroup): Omit<Group, 'id'> {
    return { name, ...laidDown(before, rule, this.#services.clock()) };
  }

  async #record(
    event: AuditEventName,
    name: string,
    { origin, party: by }: Actor,
    detail: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await this.#services.audit.record(event, origin, by, by, { group: name, ...detail });
  }

  async #recordOf(
    event: AuditEventName,
    group: Group,
    account: Account,
    { origin, party: by }: Actor,
  ): Promise<void> {
    await this.#services.audit.record(event, origin, by, party(account), { group: group.name });
  }
}

const NOTHING = '–';

/** By their names in the audit log: a browser is trusted under the rule that held. */
const TRUST_RESTS_ON = ['rule', 'methods'] as const;

/** A rule that asks for nothing may come and go. */
function asksForSomething({ rule }: Group): boolean {
  return rule !== 'off';
}

/** A group's rule as the audit log names it. */
function factsOf({ rule, methods, grace }: DecidedGroup): Readonly<Record<string, string>> {
  return { rule, methods: methods.join(', '), grace: graceFact(grace) };
}
