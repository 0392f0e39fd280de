import type { OfMethod } from '../two-factor/authenticator.ts';
import type { EffectivePolicy } from './effective-policy.ts';
import { satisfyingAuthenticators } from './policy.ts';

/** A required authenticator that the person does not have. */
export interface RequiredEnrolment {
  readonly reason: 'mandatory, grace lasts' | 'mandatory';
  /** Whether it may be put off for now, because the grace period has not ended. */
  readonly deferrable: boolean;
}

/** The enrolment that the policy requires of the person now; undefined if none is required. */
export function requiredEnrolment(
  policy: EffectivePolicy,
  authenticators: readonly OfMethod[],
): RequiredEnrolment | undefined {
  if (policy.rule !== 'mandatory' || satisfyingAuthenticators(policy, authenticators).length > 0) return;
  const deferrable = policy.deadline?.kind !== 'over';
  return { deferrable, reason: deferrable ? 'mandatory, grace lasts' : 'mandatory' };
}
