import type { EffectivePolicy } from '../policy/effective-policy.ts';
import { type RequiredEnrolment, requiredEnrolment } from '../policy/requirements.ts';
import { METHOD_IDS } from '../settings/method-ids.ts';
import type { OfMethod } from '../two-factor/authenticator.ts';
import { type Assurance, type Factor, hasSecondFactor } from './assurance.ts';

/** The facts that decide which stage of a sign-in comes next. */
export interface SignInFacts {
  readonly policy: EffectivePolicy;
  /** All of the person's, including blocked ones and methods that are not offered. */
  readonly authenticators: readonly OfMethod[];
  readonly assurance: Assurance;
  /** Whether the browser presents a trust that is not checked yet. */
  readonly trustPresented?: boolean;
  /** Whether the person has put off an enrolment. */
  readonly putOff?: boolean;
}

/** A stage of signing in. */
export interface Stage {
  readonly name: 'password' | 'trusted browser' | 'second step' | 'enrolment' | 'complete';
  /** Why it is due. */
  readonly reason:
    | 'not signed in'
    | 'trust presented'
    | 'has authenticator'
    | 'all proven'
    | RequiredEnrolment['reason'];
  /** The page of the stage; undefined if it asks for nothing. */
  readonly path?: string;
  /** The factors that it can prove. */
  readonly proves: readonly Factor[];
  /** Whether it can be put off. */
  readonly deferrable: boolean;
  readonly isDue: (facts: SignInFacts) => boolean;
}

/** A stage with a page. */
export type SignInStep = Stage & {
  readonly name: 'password' | 'second step' | 'enrolment';
  readonly path: string;
};

const hasFactor = ({ authenticators }: SignInFacts) => authenticators.length > 0;
const enrolment = ({ policy, authenticators }: SignInFacts) => requiredEnrolment(policy, authenticators);

const COMPLETE: Stage = {
  name: 'complete',
  reason: 'all proven',
  proves: [],
  deferrable: false,
  isDue: () => true,
};

/**
 * The stages of signing in, in order: the first that is due comes next. People with a factor have to prove it before they can
 * create another.
 */
export const STAGES: readonly Stage[] = [
  {
    name: 'password',
    reason: 'not signed in',
    path: '/sign-in',
    proves: ['password'],
    deferrable: false,
    isDue: ({ assurance }) => assurance.every(({ factor }) => factor !== 'password'),
  },
  {
    name: 'trusted browser',
    reason: 'trust presented',
    proves: ['trusted browser'],
    deferrable: false,
    // It replaces the code only, so it does not apply if an enrolment is due.
    isDue: (facts) =>
      facts.trustPresented === true &&
      hasFactor(facts) &&
      !hasSecondFactor(facts.assurance) &&
      enrolment(facts) === undefined,
  },
  {
    name: 'second step',
    reason: 'has authenticator',
    path: '/sign-in/code',
    proves: [...METHOD_IDS, 'recovery code'],
    deferrable: false,
    // Independent of the methods that the policy offers now: a change of policy never drops a factor.
    isDue: (facts) => hasFactor(facts) && !hasSecondFactor(facts.assurance),
  },
  {
    name: 'enrolment',
    reason: 'mandatory, grace lasts',
    path: '/sign-in/set-up',
    proves: METHOD_IDS,
    deferrable: true,
    isDue: (facts) => enrolment(facts)?.deferrable === true && facts.putOff !== true,
  },
  {
    name: 'enrolment',
    reason: 'mandatory',
    path: '/sign-in/set-up',
    proves: METHOD_IDS,
    deferrable: false,
    isDue: (facts) => enrolment(facts)?.deferrable === false,
  },
  COMPLETE,
];

/** The stage that comes next. */
export function nextStage(facts: SignInFacts): Stage {
  return STAGES.find(({ isDue }) => isDue(facts)) ?? COMPLETE;
}

/** The next stage with a page; undefined if all is proven. A trusted browser has no page. */
export function nextStep(facts: Omit<SignInFacts, 'trustPresented'>): SignInStep | undefined {
  const stage = nextStage({ ...facts, trustPresented: false });
  return isStep(stage) ? stage : undefined;
}

function isStep(stage: Stage): stage is SignInStep {
  return stage.path !== undefined;
}
