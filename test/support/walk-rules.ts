import assert from 'node:assert/strict';
import { days, minutes } from '../../src/kernel/time.ts';
import type { Group } from '../../src/policy/group.ts';
import { type Grace, NO_GRACE } from '../../src/settings/grace.ts';
import { METHOD_IDS, type MethodId } from '../../src/settings/method-ids.ts';
import type { TwoFactorRule } from '../../src/settings/rule.ts';
import { OPERATOR, type TestPortal } from './portal.ts';
import { at, type Somebody } from './walk-people.ts';
import type { GivenGrace, RuleStep } from './walk-steps.ts';

const METHODS: readonly MethodId[] = ['app'];

/** A rule of the model: `begun` is when each person's days began. */
interface ModelRule {
  rule: TwoFactorRule;
  methods: readonly MethodId[];
  grace: Grace;
  /** When it became mandatory for each person; missing if it does not apply to them. */
  readonly since: Map<Somebody, number>;
  readonly begun: Map<Somebody, number>;
}

function newRule(rule: TwoFactorRule): ModelRule {
  return { rule, methods: METHODS, grace: NO_GRACE, since: new Map(), begun: new Map() };
}

/** The policies of all people on a random walk: changed on the portal and, independently, in the model. */
export class WalkRules {
  readonly #portal: TestPortal;
  readonly #people: readonly Somebody[];
  readonly #site = newRule('optional');
  readonly #agents = newRule('off');
  readonly #enforced = newRule('mandatory');
  #group: Group;

  static async begin(portal: TestPortal, people: readonly Somebody[]): Promise<WalkRules> {
    const { groups, settingsChanges } = portal.services;
    await portal.services.settings.change({ trustDays: 30, mandatorySince: 0 });
    const twoFactor = { rule: 'optional', methods: METHODS } as const;
    await settingsChanges.change({ twoFactor, grace: NO_GRACE }, OPERATOR);
    for (const earlier of await groups.all()) await groups.remove(earlier, OPERATOR);
    const decided = { name: 'Agents', rule: 'off', methods: METHODS, grace: NO_GRACE } as const;
    const group = await groups.create(decided, OPERATOR);
    assert.ok(group);
    return new WalkRules(portal, people, group);
  }

  constructor(portal: TestPortal, people: readonly Somebody[], group: Group) {
    this.#portal = portal;
    this.#people = people;
    this.#group = group;
    for (const who of people) this.#site.since.set(who, 0);
  }

  async change(step: RuleStep): Promise<void> {
    switch (step.do) {
      case 'rule':
        return this.#changesSite(step.rule, step.methods ?? METHODS, this.#graceOf(step.grace));
      case 'group rule':
        return this.#changesGroup(step.rule, step.methods ?? METHODS, this.#graceOf(step.grace));
      case 'membership':
        return this.#joins(at(this.#people, step.who), step.on);
      case 'enforcement':
        return this.#enforces(at(this.#people, step.who), step.on, this.#graceOf(step.grace));
    }
  }

  /** A person's password was accepted: the days of a grace start, once. */
  passwordAccepted(who: Somebody): void {
    for (const rule of this.#mandatoryFor(who)) {
      const since = rule.since.get(who) ?? 0;
      if (rule.grace.kind === 'days' && (rule.begun.get(who) ?? -1) < since) {
        rule.begun.set(who, this.#portal.now());
      }
    }
  }

  /** Whether an authenticator is required: if the person has one, whatever the rules are and offer. */
  asksFor(who: Somebody): boolean {
    return who.app !== undefined;
  }

  isMandatoryFor(who: Somebody): boolean {
    return this.#mandatoryFor(who).length > 0;
  }

  /** Whether every mandatory rule still lets the person put it off. */
  mayWait(who: Somebody): boolean {
    const now = this.#portal.now();
    return this.#mandatoryFor(who).every(({ grace, begun, since }) => {
      if (grace.kind === 'until') return now < grace.at;
      if (grace.kind === 'none') return false;
      const began = begun.get(who);
      return began === undefined || began < (since.get(who) ?? 0) || now < began + days(grace.days);
    });
  }

  /** The portal has the rules of the model: nobody's step has changed one. */
  async areAsTheyWere(): Promise<void> {
    const { settings, groups, accounts } = this.#portal.services;
    const { twoFactor, grace } = await settings.read();
    const { rule, methods } = this.#site;
    assert.deepEqual([twoFactor, grace], [{ rule, methods }, this.#site.grace], 'the policy has changed');
    const group = await groups.find(this.#group.id);
    assert.deepEqual(
      [group?.rule, group?.methods, group?.grace],
      [this.#agents.rule, this.#agents.methods, this.#agents.grace],
    );
    for (const who of this.#people) {
      const account = await accounts.find(who.account.id);
      assert.equal(account?.enforcement !== null, this.#enforced.since.has(who));
      assert.equal((await groups.of(who.account)).length === 1, this.#agents.since.has(who));
    }
  }

  async #changesSite(rule: TwoFactorRule, methods: readonly MethodId[], grace: Grace): Promise<void> {
    await this.#portal.services.settingsChanges.change({ twoFactor: { rule, methods }, grace }, OPERATOR);
    this.#laysDown(this.#site, rule, methods, grace);
  }

  async #changesGroup(rule: TwoFactorRule, methods: readonly MethodId[], grace: Grace): Promise<void> {
    const { groups } = this.#portal.services;
    await groups.change(this.#group, { ...this.#group, rule, methods, grace }, OPERATOR);
    this.#laysDown(this.#agents, rule, methods, grace);
    const group = await groups.find(this.#group.id);
    assert.ok(group);
    this.#group = group;
  }

  #laysDown(known: ModelRule, rule: TwoFactorRule, methods: readonly MethodId[], grace: Grace): void {
    const others =
      rule !== 'off' && METHOD_IDS.some((id) => methods.includes(id) !== known.methods.includes(id));
    for (const who of known.since.keys()) {
      if (rule !== known.rule || others) who.trustEra += 1;
      if (rule === 'mandatory' && known.rule !== 'mandatory') known.since.set(who, this.#portal.now());
    }
    Object.assign(known, { rule, methods, grace });
  }

  async #joins(who: Somebody, on: boolean): Promise<void> {
    const { groups } = this.#portal.services;
    if (on === this.#agents.since.has(who)) return;
    await (on
      ? groups.add(this.#group, who.account, OPERATOR)
      : groups.drop(this.#group, who.account, OPERATOR));
    if (on) this.#agents.since.set(who, this.#portal.now());
    else this.#agents.since.delete(who);
    if (this.#agents.rule !== 'off') who.trustEra += 1;
  }

  async #enforces(who: Somebody, on: boolean, grace: Grace): Promise<void> {
    const { administration } = this.#portal.services;
    if (on === this.#enforced.since.has(who)) return;
    // One grace for all enforced people, so that the model is not a second implementation.
    this.#enforced.grace = this.#enforced.since.size > 0 ? this.#enforced.grace : grace;
    await (on
      ? administration.enforceTwoFactor(who.account, this.#enforced.grace, OPERATOR)
      : administration.liftEnforcement(who.account, OPERATOR));
    if (on) this.#enforced.since.set(who, this.#portal.now());
    else this.#enforced.since.delete(who);
    who.trustEra += 1;
  }

  #rulesOf(who: Somebody): readonly ModelRule[] {
    return [this.#site, this.#agents, this.#enforced].filter(({ since }) => since.has(who));
  }

  #mandatoryFor(who: Somebody): readonly ModelRule[] {
    return this.#rulesOf(who).filter(({ rule }) => rule === 'mandatory');
  }

  #graceOf(given: GivenGrace): Grace {
    if (given === 'half an hour') return { kind: 'until', at: this.#portal.now() + minutes(30) };
    return given === 'a day' ? { kind: 'days', days: 1 } : NO_GRACE;
  }
}
