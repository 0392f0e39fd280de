import type { Actor, Audit } from '../audit/audit.ts';
import type { Clock } from '../kernel/time.ts';
import { bind, type Transaction } from '../kernel/transaction.ts';
import { askedAuthenticators } from '../policy/policy.ts';
import type { Authenticator } from '../two-factor/authenticator.ts';
import { chooseAuthenticator } from '../two-factor/second-step.ts';
import { type Assurance, type Factor, hasSecondFactor } from './assurance.ts';
import { isFresh, type SignedIn } from './auth-state.ts';
import type { Completion } from './completion.ts';
import type { SignedInSession } from './session-state.ts';

/** The outcome of the password or the code of a step-up. */
export type StepUpOutcome =
  | { readonly kind: 'code awaited'; readonly state: SignedInSession; readonly asked: Authenticator }
  /** The caller has to renew the session's id with the state. */
  | { readonly kind: 'stepped up'; readonly state: SignedInSession; readonly returnTo: string };

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
  async passwordAccepted(person: SignedIn, actor: Actor, returnTo: string): Promise<StepUpOutcome> {
    const asked = chooseAuthenticator(askedAuthenticators(person), undefined);
    const now = this.#services.clock();
    if (!asked) return this.#complete(person, actor, returnTo, [{ factor: 'password', at: now }]);
    const stepUp = { passwordAt: now, chosenId: asked.id, returnTo };
    return { kind: 'code awaited', state: { ...person.state, stepUp }, asked };
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
