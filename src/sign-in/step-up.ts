import type { Actor, Audit } from '../audit/audit.ts';
import type { Clock, Instant } from '../kernel/time.ts';
import { bind, type Transaction } from '../kernel/transaction.ts';
import { askedAuthenticators } from '../policy/policy.ts';
import type { MethodId } from '../settings/method-ids.ts';
import type { Authenticator } from '../two-factor/authenticator.ts';
import { chooseAuthenticator } from '../two-factor/second-step.ts';
import { type Assurance, type Factor, hasSecondFactor } from './assurance.ts';
import { isFresh, type SignedIn } from './auth-state.ts';
import type { Completion } from './completion.ts';
import type { SignedInSession } from './session-state.ts';

interface CodeAwaited {
  readonly kind: 'code awaited';
  readonly state: SignedInSession;
  readonly asked: Authenticator;
}

/** The outcome of the password or the code of a step-up. */
export type StepUpOutcome =
  | CodeAwaited
  /** The caller has to renew the session's id with the state. */
  | { readonly kind: 'stepped up'; readonly state: SignedInSession; readonly returnTo: string };

/** Where a step-up leads, and what it has to prove. */
export interface StepUpGoal {
  readonly returnTo: string;
  /** The only methods that count there; undefined: any, and recovery codes. */
  readonly methods?: readonly MethodId[] | undefined;
}

interface StepUpServices {
  readonly completion: Pick<Completion, 'prove'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly clock: Clock;
}

/** Step-up before a sensitive change: the password, then a second factor if the person has one. */
export class StepUp {
  readonly #services: StepUpServices;

  constructor(services: StepUpServices) {
    this.#services = services;
  }

  in(tx: Transaction): StepUp {
    return new StepUp(bind(this.#services, tx));
  }

  /** After the right password: asks for a code if the person has an authenticator. */
  async passwordAccepted(person: SignedIn, actor: Actor, goal: StepUpGoal): Promise<StepUpOutcome> {
    const now = this.#services.clock();
    const password = { factor: 'password', at: now } as const;
    return awaitCode(person, goal, now) ?? this.#complete(person, actor, goal.returnTo, [password]);
  }

  /**
   * The same without asking for the password, if it was given within the last ten minutes: for an app that asks for more, or for
   * a newer code, than the sign-in has proven. Undefined if the password is due.
   */
  passwordStillFresh(person: SignedIn, goal: StepUpGoal): CodeAwaited | undefined {
    const password = person.state.assurance.find(({ factor }) => factor === 'password');
    if (!password || !isFresh(password.at, this.#services.clock())) return undefined;
    return awaitCode(person, goal, password.at);
  }

  /**
   * Whether a code is awaited: the password was given within the last ten minutes, and there is an authenticator to ask for. The
   * last one may have been removed meanwhile, by the policy or in another browser.
   */
  awaitsCode(person: SignedIn): boolean {
    const { stepUp } = person.state;
    if (!stepUp || !isFresh(stepUp.passwordAt, this.#services.clock())) return false;
    return askedAuthenticators(person).length > 0;
  }

  /** After the right code or recovery code. From now on the sign-in does not depend on a trusted browser. */
  async secondFactorAccepted(person: SignedIn, factor: Factor, actor: Actor): Promise<StepUpOutcome> {
    const now = this.#services.clock();
    const { passwordAt = now, returnTo = '/' } = person.state.stepUp ?? {};
    return this.#complete(person, actor, returnTo, [
      { factor: 'password', at: passwordAt },
      { factor, at: now },
    ]);
  }

  async #complete(
    person: SignedIn,
    actor: Actor,
    returnTo: string,
    proofs: Assurance,
  ): Promise<StepUpOutcome> {
    const { audit, completion, clock } = this.#services;
    const leavesTrust = person.signIn.trust !== null && hasSecondFactor(proofs);
    const { stepUp: _completed, ...state } = await completion.prove(person.state, proofs, leavesTrust);
    await audit.record('step-up.completed', actor);
    return { kind: 'stepped up', state: { ...state, steppedUpAt: clock() }, returnTo };
  }
}

/** The authenticators that this step-up can ask for. If none counts for its goal, all: a code is never left out. */
export function stepUpAuthenticators(person: SignedIn): readonly Authenticator[] {
  return countingFor(person, person.state.stepUp?.methods);
}

function countingFor(person: SignedIn, methods: StepUpGoal['methods']): readonly Authenticator[] {
  const asked = askedAuthenticators(person);
  const counting = asked.filter(({ method }) => methods?.includes(method) ?? true);
  return counting.length > 0 ? counting : asked;
}

function awaitCode(
  person: SignedIn,
  { returnTo, methods }: StepUpGoal,
  passwordAt: Instant,
): CodeAwaited | undefined {
  const asked = chooseAuthenticator(countingFor(person, methods), undefined);
  if (!asked) return undefined;
  const goal = { returnTo, ...(methods && { methods: [...methods] }) };
  const stepUp = { passwordAt, chosenId: asked.id, ...goal };
  return { kind: 'code awaited', state: { ...person.state, stepUp }, asked };
}
