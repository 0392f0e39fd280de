import type { Account } from '../accounts/account.ts';
import type { SignIn, SignIns } from '../accounts/sign-ins.ts';
import { type Clock, type Instant, minutes } from '../kernel/time.ts';
import type { EffectivePolicy } from '../policy/effective-policy.ts';
import type { Policies } from '../policy/policies.ts';
import type { AuthSnapshot, PersonSnapshot } from '../policy/snapshot.ts';
import type { Deadline } from '../settings/grace.ts';
import { type Settings, siteRule } from '../settings/settings.ts';
import type { Authenticator } from '../two-factor/authenticator.ts';
import type { PendingSession, SessionState, SignedInSession } from './session-state.ts';
import { nextStep, type SignInStep } from './stages.ts';
import { standsByItsTrust } from './trusted-browsers.ts';

/** How long a step-up is fresh. A sign-in counts as one. */
export const STEP_UP_LIFETIME = minutes(10);

/** A person with a valid session. */
export interface KnownPerson {
  readonly account: Account;
  /** All authenticators of the person, also those that the policy does not allow. */
  readonly authenticators: readonly Authenticator[];
  /** The 2FA policy in force for this person, with its sources. */
  readonly policy: EffectivePolicy;
  /** Number of unused recovery codes. */
  readonly codesLeft: number;
}

export interface Anonymous {
  readonly kind: 'anonymous';
}

/** The password is proven; another step is due before the account can be accessed. */
export interface PendingSignIn extends KnownPerson {
  readonly kind: 'pending';
  readonly due: SignInStep;
  readonly state: PendingSession;
}

export interface SignedIn extends KnownPerson {
  readonly kind: 'signed in';
  readonly signIn: SignIn;
  readonly state: SignedInSession;
  /** Whether there was a step-up in the last ten minutes. */
  readonly steppedUp: boolean;
  /** Until when a required enrolment may be put off; undefined if none is required. */
  readonly grace: Deadline | undefined;
  /** Whether new recovery codes must be shown first: if 2FA is mandatory, they are part of setting it up. */
  readonly codesUnseen: boolean;
}

/** anonymous -> pending -> signed in -> stepped up; a session that is no longer valid is anonymous. */
export type AuthState = Anonymous | PendingSignIn | SignedIn;

export interface AuthStateServices {
  readonly signIns: Pick<SignIns, 'isOpen'>;
  readonly policies: Pick<Policies, 'by'>;
  readonly clock: Clock;
}

const ANONYMOUS: Anonymous = { kind: 'anonymous' };

/**
 * The state of a session, computed on every request from the current account, authenticators and policy: a disabled account, an
 * ended session or a stricter policy affects open sessions at once (ASVS 7.4.2, 8.3.2). Records that the sign-in was seen.
 */
export async function resolveAuth(
  state: SessionState,
  { person, settings }: AuthSnapshot,
  { signIns, policies, clock }: AuthStateServices,
): Promise<AuthState> {
  if (state.kind === 'anonymous' || !person) return ANONYMOUS;
  const { account, codesLeft, signIn } = person;
  const policy = policyIfValid(person, state.epoch, settings, policies);
  if (!policy) return ANONYMOUS;
  const known = { account, authenticators: person.authenticators, codesLeft, policy };
  const now = clock();
  if (state.kind === 'pending' && state.signInId === undefined) return pending(known, state);
  if (!signIn || !(await signIns.isOpen(account, signIn))) return ANONYMOUS;
  return state.kind === 'pending' ? pending(known, state) : signedIn(known, signIn, state, now);
}

/**
 * The person's present policy, if what began in `epoch` is still valid; undefined if the account is disabled, all of its
 * sessions were ended, or the trusted browser that opened the sign-in is no longer trusted.
 */
export function policyIfValid(
  person: Pick<PersonSnapshot, 'account' | 'signIn' | 'authenticators' | 'memberships' | 'graceStarts'>,
  epoch: number,
  settings: Settings,
  policies: Pick<Policies, 'by'>,
): EffectivePolicy | undefined {
  const { account, authenticators, signIn } = person;
  if (account.disabledAt !== null || account.sessionEpoch !== epoch) return undefined;
  const policy = policies.by(person, siteRule(settings));
  const basis = { account, authenticators, policy, trustDays: settings.trustDays };
  return signIn && !standsByItsTrust(signIn.trust, basis) ? undefined : policy;
}

/** If nothing is due any more (the policy was relaxed meanwhile), the person has to sign in again. */
function pending(known: KnownPerson, state: PendingSession): AuthState {
  const due = nextStep({ ...known, assurance: state.assurance });
  if (!due || due.name === 'password') return ANONYMOUS;
  return { ...known, kind: 'pending', due, state };
}

function signedIn(known: KnownPerson, signIn: SignIn, state: SignedInSession, now: Instant): AuthState {
  const due = nextStep({ ...known, assurance: state.assurance });
  const steppedUp = isFresh(state.steppedUpAt, now);
  // Computed on every request and not stored: a shortened grace period applies at once.
  if (!due || due.deferrable) {
    return {
      ...known,
      ...{ kind: 'signed in', signIn, state, steppedUp },
      grace: due && known.policy.deadline,
      codesUnseen: hasUnseenCodes(known, state, now),
    };
  }
  // An unattended session must not create the account's first factor: the password is required again.
  if (due.name === 'password' || (due.name === 'enrolment' && !steppedUp)) return ANONYMOUS;
  return { ...known, kind: 'pending', due, state: pendingAgain(state, now) };
}

function hasUnseenCodes({ policy }: KnownPerson, { freshCodes }: SignedInSession, now: Instant): boolean {
  return policy.rule === 'mandatory' && freshCodes !== undefined && isFresh(freshCodes.at, now);
}

/** Another step is due in an open session, because the policy or the authenticators have changed. */
function pendingAgain(state: SignedInSession, now: Instant): PendingSession {
  const { accountId, signInId, epoch, assurance } = state;
  return { kind: 'pending', accountId, signInId, epoch, since: now, returnTo: '/', assurance };
}

export function isFresh(at: Instant, now: Instant): boolean {
  return now - at < STEP_UP_LIFETIME;
}
