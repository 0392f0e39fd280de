import type { Account } from '../accounts/account.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { Actor, Audit } from '../audit/audit.ts';
import type { Clock, Instant } from '../kernel/time.ts';
import { bind, type Transaction } from '../kernel/transaction.ts';
import type { EffectivePolicy } from '../policy/effective-policy.ts';
import type { Policies } from '../policy/policies.ts';
import { askedAuthenticators } from '../policy/policy.ts';
import type { MethodId } from '../settings/method-ids.ts';
import { type Settings, siteRule } from '../settings/settings.ts';
import type { Authenticator, Authenticators } from '../two-factor/authenticator.ts';
import { chooseAuthenticator } from '../two-factor/second-step.ts';
import { type Assurance, type Factor, withProof } from './assurance.ts';
import type { PendingSignIn } from './auth-state.ts';
import type { Completion } from './completion.ts';
import type { PendingSession, SignedInSession } from './session-state.ts';
import { nextStage, nextStep, type SignInStep } from './stages.ts';
import type { IssuedTrust, PresentedTrust, TrustedBrowsers } from './trusted-browsers.ts';

/** The outcome of a stage. In both cases the caller has to renew the session's id with the state. */
export type SignInOutcome =
  | {
      readonly kind: 'pending';
      readonly state: PendingSession;
      readonly step: SignInStep;
      /** The authenticator to ask for; undefined if an enrolment is due. */
      readonly asked: Authenticator | undefined;
    }
  | {
      readonly kind: 'signed in';
      readonly state: SignedInSession;
      readonly returnTo: string;
      /** Whether to suggest 2FA now: once per account. */
      readonly suggests: boolean;
      /** The new or renewed trust of this browser; undefined if it has none. */
      readonly trust: IssuedTrust | undefined;
    };

/** What comes with the password. */
export interface PasswordEntry {
  readonly settings: Settings;
  readonly presented: PresentedTrust | undefined;
  readonly returnTo: string;
  /** The only methods that count where the person is going: one of them is asked for first. Undefined: any. */
  readonly methods?: readonly MethodId[] | undefined;
  /** Whether 2FA is asked for where the person is going: a suggestion that can be declined would only be in the way. */
  readonly needsTwoFactor?: boolean | undefined;
}

/** What comes with the code. */
export interface SecondFactorEntry {
  readonly settings: Settings;
  /** "Don't ask for a code in this browser". */
  readonly trust: boolean;
}

interface Signing {
  readonly account: Account;
  readonly actor: Actor;
  readonly authenticators: readonly Authenticator[];
  readonly policy: EffectivePolicy;
  readonly assurance: Assurance;
  readonly returnTo: string;
  readonly methods?: PasswordEntry['methods'];
  readonly needsTwoFactor?: PasswordEntry['needsTwoFactor'];
  /** When the password was accepted. A pending sign-in ends an hour later, whatever was proven since. */
  readonly since: Instant;
}

interface SignInFlowServices {
  readonly accounts: Pick<Accounts, 'takeSuggestion'>;
  readonly authenticators: Pick<Authenticators, 'of'>;
  readonly policies: Pick<Policies, 'atSignIn' | 'of'>;
  readonly trustedBrowsers: Pick<TrustedBrowsers, 'trust' | 'check' | 'holds'>;
  readonly completion: Pick<Completion, 'complete'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly clock: Clock;
}

/**
 * Takes a sign-in through its stages: a method for each thing that can be proven or put off. Each returns the next state.
 */
export class SignInFlow {
  readonly #services: SignInFlowServices;

  constructor(services: SignInFlowServices) {
    this.#services = services;
  }

  in(tx: Transaction): SignInFlow {
    return new SignInFlow(bind(this.#services, tx));
  }

  /** Whether a presented trust is valid for this account. Changes nothing. */
  async trusts(presented: PresentedTrust, account: Account, settings: Settings): Promise<boolean> {
    if (presented.browser.accountId !== account.id) return false;
    const { authenticators, policies, trustedBrowsers } = this.#services;
    return trustedBrowsers.holds(presented, {
      account,
      authenticators: await authenticators.of(account.id),
      policy: await policies.of(account, siteRule(settings)),
      trustDays: settings.trustDays,
    });
  }

  /** After the right password. Starts a grace period that has not begun; a presented trust may replace the code. */
  async passwordAccepted(
    account: Account,
    actor: Actor,
    { settings, presented, returnTo, methods, needsTwoFactor }: PasswordEntry,
  ): Promise<SignInOutcome> {
    const { audit, authenticators, clock, policies, trustedBrowsers } = this.#services;
    await audit.record('sign-in.password-accepted', actor);
    const now = clock();
    const signing: Signing = {
      account,
      actor,
      authenticators: await authenticators.of(account.id),
      policy: await policies.atSignIn(account, siteRule(settings)),
      assurance: withProof([], 'password', now),
      ...{ returnTo, methods, needsTwoFactor },
      since: now,
    };
    const stage = nextStage({ ...signing, trustPresented: presented !== undefined });
    if (stage.name !== 'trusted browser' || !presented) return this.#continue(signing);
    const basis = { ...signing, trustDays: settings.trustDays };
    const trust = await trustedBrowsers.check(presented, basis, actor);
    if (trust.kind === 'not trusted') return this.#continue(signing);
    const assurance = withProof(signing.assurance, 'trusted browser', clock());
    return this.#complete({ ...signing, assurance }, trust, trust.id);
  }

  /** After the right code of an authenticator, or the right recovery code. */
  async secondFactorAccepted(
    pending: PendingSignIn,
    factor: Factor,
    actor: Actor,
    { settings, trust }: SecondFactorEntry,
  ): Promise<SignInOutcome> {
    const signing = this.#withProof(pending, factor, actor);
    if (nextStep(signing)) return this.#continue(signing);
    const basis = { ...signing, trustDays: settings.trustDays };
    const trusted = trust ? await this.#services.trustedBrowsers.trust(basis, actor) : undefined;
    return this.#complete(signing, trusted);
  }

  /** After the enrolment that the policy requires: creating an authenticator proves it. */
  async enrolled(pending: PendingSignIn, created: Authenticator, actor: Actor): Promise<SignInOutcome> {
    const authenticators = [...pending.authenticators, created];
    return this.#continue(this.#withProof({ ...pending, authenticators }, created.method, actor));
  }

  /**
   * "Later". Checks again whether the enrolment may be put off: the grace period may have been shortened since the page was
   * shown.
   */
  async putOff(
    pending: PendingSignIn,
    actor: Actor,
  ): Promise<SignInOutcome | { readonly kind: 'not deferrable' }> {
    if (!pending.due.deferrable) return { kind: 'not deferrable' };
    await this.#services.audit.record('two-factor.put-off', actor);
    return this.#continue({ ...this.#signing(pending, actor), putOff: true });
  }

  #signing({ account, authenticators, policy, state }: PendingSignIn, actor: Actor): Signing {
    const { assurance, returnTo, since } = state;
    return { account, actor, authenticators, policy, assurance, returnTo, since };
  }

  #withProof(pending: PendingSignIn, factor: Factor, actor: Actor): Signing {
    const signing = this.#signing(pending, actor);
    return { ...signing, assurance: withProof(signing.assurance, factor, this.#services.clock()) };
  }

  async #continue(signing: Signing & { readonly putOff?: boolean }): Promise<SignInOutcome> {
    const step = nextStep(signing);
    if (!step) return this.#complete(signing);
    const { account, assurance, returnTo, since } = signing;
    const asked = step.name === 'second step' ? firstAsked(signing) : undefined;
    const state: PendingSession = {
      kind: 'pending',
      accountId: account.id,
      epoch: account.sessionEpoch,
      since,
      returnTo,
      assurance,
      ...(asked && { chosenId: asked.id }),
    };
    return { kind: 'pending', state, step, asked };
  }

  async #complete(signing: Signing, trust?: IssuedTrust, trustedBrowserId?: string): Promise<SignInOutcome> {
    const { account, actor, assurance, authenticators, policy, returnTo, needsTwoFactor } = signing;
    const { accounts, completion, clock } = this.#services;
    const state = await completion.complete(account, actor, assurance, trustedBrowserId);
    const mayEnrol = authenticators.length === 0 && policy.rule === 'optional' && !needsTwoFactor;
    const suggests = mayEnrol && (await accounts.takeSuggestion(account.id, clock()));
    return { kind: 'signed in', state, returnTo, suggests, trust };
  }
}

function firstAsked({ methods, ...holder }: Signing): Authenticator | undefined {
  const asked = askedAuthenticators(holder);
  const counting = asked.filter(({ method }) => methods?.includes(method) ?? true);
  return chooseAuthenticator(counting, undefined) ?? chooseAuthenticator(asked, undefined);
}
