import type { OfMethod } from './authenticator.ts';
import type { PersonalPolicy } from './personal-policy.ts';
import { allowedAuthenticators, satisfyingAuthenticators } from './policy.ts';

/** What has to be done before the account can be reached, and why. */
export interface Due {
  readonly next: 'second step' | 'enrolment';
  /** Whether it may be put off for now: grace lasts. */
  readonly mayWait: boolean;
  readonly reason: DueReason;
}

export type DueReason = 'has authenticator' | 'mandatory, grace lasts' | 'mandatory';

interface Facts {
  readonly policy: PersonalPolicy;
  readonly authenticators: readonly OfMethod[];
  /** Whether a second factor was proven already. */
  readonly proven: boolean;
}

interface SignInCheck extends Due {
  readonly isDue: (facts: Facts) => boolean;
}

const lacksOne = ({ policy, authenticators }: Facts) =>
  policy.rule === 'mandatory' && satisfyingAuthenticators(policy, authenticators).length === 0;

/** In this order; the first that is due is what comes next. Who has a factor proves it before they may create another. */
export const SIGN_IN_CHECKS: readonly SignInCheck[] = [
  {
    reason: 'has authenticator',
    next: 'second step',
    mayWait: false,
    isDue: ({ policy, authenticators, proven }) =>
      !proven && allowedAuthenticators(policy, authenticators).length > 0,
  },
  {
    reason: 'mandatory, grace lasts',
    next: 'enrolment',
    mayWait: true,
    isDue: (facts) => lacksOne(facts) && facts.policy.deadline?.kind !== 'over',
  },
  {
    reason: 'mandatory',
    next: 'enrolment',
    mayWait: false,
    isDue: lacksOne,
  },
];

/** What is due of somebody whose password is accepted; undefined when nothing is. */
export function dueAfterPassword(
  policy: PersonalPolicy,
  authenticators: readonly OfMethod[],
  proven: boolean,
): Due | undefined {
  return SIGN_IN_CHECKS.find(({ isDue }) => isDue({ policy, authenticators, proven }));
}
