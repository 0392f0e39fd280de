import type { Instant } from '../time.ts';
import { type Deadline, deadlineOf, earliestDeadline, type Grace } from './grace.ts';
import { METHOD_IDS, type MethodId } from './method.ts';
import { type AppliedPolicy, type Policy, TWO_FACTOR_RULES, type TwoFactorRule } from './policy.ts';

/** A rule as it is laid down for the site or for a group. */
export interface LaidDownRule extends Policy {
  readonly grace: Grace;
  /** Since when it has been mandatory; 0 while it is not. */
  readonly since: Instant;
}

/** The rule as it is laid down now in the place of an earlier one. */
export function laidDown(
  before: LaidDownRule | undefined,
  rule: Omit<LaidDownRule, 'since'>,
  now: Instant,
): LaidDownRule {
  if (rule.rule !== 'mandatory') return { ...rule, since: 0 };
  return { ...rule, since: before?.rule === 'mandatory' ? before.since : now };
}

/** Where a rule comes from. */
export type RuleSource =
  | { readonly kind: 'site' }
  | { readonly kind: 'group'; readonly id: string; readonly name: string }
  /** "Enforce 2FA", for this person alone. */
  | { readonly kind: 'person' };

/** A rule that applies to somebody. */
export interface AppliedRule extends Policy {
  readonly source: RuleSource;
  readonly grace: Grace;
  /** Since when it has been mandatory for the person: a group's, from when they joined. */
  readonly since: Instant;
  /** When its grace began; null when it has not. */
  readonly begun: Instant | null;
}

/** What all the rules of a person come to. */
export interface PersonalPolicy extends AppliedPolicy {
  /** All of them, the site's first. */
  readonly rules: readonly AppliedRule[];
  /** Those as strict as what holds: it holds because of them. */
  readonly decisive: readonly AppliedRule[];
  /** Whether the decisive rules have a method in common; if not, `methods` has the strongest of theirs. */
  readonly agreed: boolean;
  /** Where 2FA is mandatory: up to when it may be put off. */
  readonly deadline: Deadline | undefined;
}

/** The strictest rule holds, with the methods that all rules as strict allow. */
export function personalPolicy(
  given: readonly AppliedRule[],
  factorRemovedAt: Instant | null,
  now: Instant,
): PersonalPolicy {
  const rules = given.map(satisfiable);
  const rule = strictest(rules);
  const decisive = rules.filter((one) => one.rule === rule);
  const { methods, agreed } = commonMethods(rule, decisive);
  const others = rules.filter((one) => one.rule !== 'off').flatMap((one) => one.methods);
  const deadlines = decisive.map((one) => deadlineOf({ ...one, factorRemovedAt }, now));
  return {
    rule,
    methods,
    alsoAsked: METHOD_IDS.filter((id) => others.includes(id) && !methods.includes(id)),
    rules,
    decisive,
    agreed,
    deadline: rule === 'mandatory' ? earliestDeadline(deadlines, now) : undefined,
  };
}

/** "Enforce 2FA" says nothing of methods: it makes mandatory what applies anyway, or else what the site would offer. */
export function enforcedMethods(others: readonly AppliedRule[], site: Policy): readonly MethodId[] {
  const rule = strictest(others);
  if (rule === 'off') return site.methods.length > 0 ? site.methods : METHOD_IDS;
  return commonMethods(
    rule,
    others.filter((one) => one.rule === rule),
  ).methods;
}

/** A demand that nothing satisfies would lock people out; only a version with other methods can have laid one down. */
function satisfiable(rule: AppliedRule): AppliedRule {
  const isImpossible = rule.rule === 'mandatory' && rule.methods.length === 0;
  return isImpossible ? { ...rule, methods: METHOD_IDS.slice(0, 1) } : rule;
}

function strictest(rules: readonly Policy[]): TwoFactorRule {
  return TWO_FACTOR_RULES.findLast((rule) => rules.some((one) => one.rule === rule)) ?? 'off';
}

/** Rules that have no method in common cannot all be kept: the strongest method of theirs keeps at least one. */
function commonMethods(
  rule: TwoFactorRule,
  decisive: readonly Policy[],
): { readonly methods: readonly MethodId[]; readonly agreed: boolean } {
  if (rule === 'off') return { methods: [], agreed: true };
  const common = METHOD_IDS.filter((id) => decisive.every(({ methods }) => methods.includes(id)));
  if (common.length > 0) return { methods: common, agreed: true };
  const strongest = METHOD_IDS.find((id) => decisive.some(({ methods }) => methods.includes(id)));
  return strongest ? { methods: [strongest], agreed: false } : { methods: [], agreed: true };
}
