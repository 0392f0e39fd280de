import type { OfMethod } from './authenticator.ts';
import type { MethodId } from './method.ts';

export type TwoFactorRule = 'off' | 'optional' | 'mandatory';
/** From the most lenient to the strictest. */
export const TWO_FACTOR_RULES: readonly TwoFactorRule[] = ['off', 'optional', 'mandatory'];

export interface Policy {
  readonly rule: TwoFactorRule;
  /** The methods on offer. Never empty while the rule is mandatory. */
  readonly methods: readonly MethodId[];
}

/** What holds for somebody, whichever rules it comes from. */
export interface AppliedPolicy extends Policy {
  /**
   * Methods that only a further rule of theirs allows. They cannot be set up and do not satisfy the rule; but who has
   * no other authenticator is asked for one of these, or a second rule would open what the first had locked.
   */
  readonly alsoAsked: readonly MethodId[];
}

/** The authenticators that satisfy the rule. A blocked one still counts: it is a factor. */
export function satisfyingAuthenticators<One extends OfMethod>(
  policy: Policy,
  authenticators: readonly One[],
): readonly One[] {
  if (policy.rule === 'off') return [];
  return authenticators.filter(({ method }) => policy.methods.includes(method));
}

/** The authenticators that the person is asked for: those that satisfy the rule, or where there is none, what there is. */
export function allowedAuthenticators<One extends OfMethod>(
  policy: AppliedPolicy,
  authenticators: readonly One[],
): readonly One[] {
  const satisfying = satisfyingAuthenticators(policy, authenticators);
  if (satisfying.length > 0 || policy.rule === 'off') return satisfying;
  return authenticators.filter(({ method }) => policy.alsoAsked.includes(method));
}
