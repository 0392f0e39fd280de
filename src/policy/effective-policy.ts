import type { Instant } from '../kernel/time.ts';
import { type Deadline, deadlineOf, earliestDeadline, type Grace } from '../settings/grace.ts';
import { METHOD_IDS, type MethodId } from '../settings/method-ids.ts';
import { type Policy, type RuleSource, TWO_FACTOR_RULES, type TwoFactorRule } from '../settings/rule.ts';

/** A rule that applies to a person. */
export interface EffectiveRule extends Policy {
  readonly source: RuleSource;
  readonly grace: Grace;
  /** Since when it has been mandatory for the person; for a group's rule, not before the person joined. */
  readonly since: Instant;
  /** When its grace began; null if it has not begun. */
  readonly graceStartedAt: Instant | null;
}

/** The policy in force for a person: the strictest of all rules. */
export interface EffectivePolicy extends Policy {
  /** All rules of the person, the site's first. */
  readonly rules: readonly EffectiveRule[];
  /** The strictest rules: those that decide the policy. */
  readonly decisive: readonly EffectiveRule[];
  /** Whether the decisive rules have a method in common; if not, `methods` has their strongest method. */
  readonly agreed: boolean;
  /** Until when enrolment may be put off; undefined if 2FA is not mandatory. */
  readonly deadline: Deadline | undefined;
}

/** The strictest rule decides, with the methods that all equally strict rules allow. */
export function effectivePolicy(
  given: readonly EffectiveRule[],
  factorRemovedAt: Instant | null,
  now: Instant,
): EffectivePolicy {
  const rules = given.map(satisfiable);
  const rule = strictest(rules);
  const decisive = rules.filter((one) => one.rule === rule);
  const { methods, agreed } = commonMethods(rule, decisive);
  const deadlines = decisive.map((one) => deadlineOf({ ...one, factorRemovedAt }, now));
  return {
    rule,
    methods,
    rules,
    decisive,
    agreed,
    deadline: rule === 'mandatory' ? earliestDeadline(deadlines, now) : undefined,
  };
}

/** Methods for "Enforce 2FA", which has none of its own: those of the other rules; if these are off, those of the site. */
export function enforcedMethods(others: readonly EffectiveRule[], site: Policy): readonly MethodId[] {
  const rule = strictest(others);
  if (rule === 'off') return site.methods.length > 0 ? site.methods : METHOD_IDS;
  return commonMethods(
    rule,
    others.filter((one) => one.rule === rule),
  ).methods;
}

/** A mandatory rule without methods would lock people out, so it gets one. Only another version can have stored such a rule. */
function satisfiable(rule: EffectiveRule): EffectiveRule {
  const isImpossible = rule.rule === 'mandatory' && rule.methods.length === 0;
  return isImpossible ? { ...rule, methods: METHOD_IDS.slice(0, 1) } : rule;
}

function strictest(rules: readonly Policy[]): TwoFactorRule {
  return TWO_FACTOR_RULES.findLast((rule) => rules.some((one) => one.rule === rule)) ?? 'off';
}

/** The methods that all decisive rules allow. If there are none: their strongest method, which satisfies at least one rule. */
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
