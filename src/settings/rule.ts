import type { MessageKey } from '../kernel/i18n.ts';
import type { Instant } from '../kernel/time.ts';
import type { Grace } from './grace.ts';
import type { MethodId } from './method-ids.ts';

export type TwoFactorRule = 'off' | 'optional' | 'mandatory';
/** From the most lenient to the strictest. */
export const TWO_FACTOR_RULES: readonly TwoFactorRule[] = ['off', 'optional', 'mandatory'];

export interface Policy {
  readonly rule: TwoFactorRule;
  /** The methods on offer. Never empty while the rule is mandatory. */
  readonly methods: readonly MethodId[];
}

/** The rule of the site or of a group. */
export interface PolicyRule extends Policy {
  readonly grace: Grace;
  /** Since when it has been mandatory; 0 while it is not. */
  readonly since: Instant;
}

/** The rule that replaces an earlier one now. */
export function replaceRule(
  before: PolicyRule | undefined,
  rule: Omit<PolicyRule, 'since'>,
  now: Instant,
): PolicyRule {
  if (rule.rule !== 'mandatory') return { ...rule, since: 0 };
  return { ...rule, since: before?.rule === 'mandatory' ? before.since : now };
}

/** Where a rule comes from. */
export type RuleSource =
  | { readonly kind: 'site' }
  | { readonly kind: 'group'; readonly id: string; readonly name: string }
  /** "Enforce 2FA", for this person alone. */
  | { readonly kind: 'person' };

/** Why 2FA is mandatory: keys of the catalogue, with `{{site}}` or `{{group}}`. */
export const MANDATORY_REASONS = {
  site: 'because.mandatory-site',
  group: 'because.mandatory-group',
  person: 'because.mandatory-person',
} as const satisfies Record<RuleSource['kind'], MessageKey>;
