import type { Request } from 'express';
import type { Account } from '../accounts/account.ts';
import type { StandingFacts } from '../accounts/standings.ts';
import { type Actor, party } from '../audit/audit.ts';
import type { Services } from '../services.ts';
import { siteRule } from '../settings/settings.ts';
import { type Instant, minutes } from '../time.ts';
import type { Authenticator } from '../two-factor/authenticator.ts';
import type { Deadline } from '../two-factor/grace.ts';
import type { PersonalPolicy } from '../two-factor/personal-policy.ts';
import { type Due, dueAfterPassword } from '../two-factor/sign-in-checks.ts';
import { claimOf, type PasswordAccepted, readState, type SessionState, type SignedIn } from './session.ts';
import { speakTo, type Visit, visitOf } from './visit.ts';

/** A step-up is fresh for so long; signing in is one. */
export const STEP_UP_LIFETIME = minutes(10);

interface Known {
  readonly account: Account;
  /** All of the person's, also those that the policy does not allow. */
  readonly authenticators: readonly Authenticator[];
  /** What of the two-factor policy applies to this person, and why. */
  readonly policy: PersonalPolicy;
  /** How many recovery codes can still be used. */
  readonly codesLeft: number;
  readonly visit: Visit;
  readonly actor: Actor;
}

/** The password is accepted; something is due before anything of the account can be reached. */
export interface HalfWay extends Known {
  readonly kind: 'half way';
  readonly due: Due;
  readonly state: PasswordAccepted;
}

export interface Person extends Known {
  readonly kind: 'signed in';
  readonly state: SignedIn;
  /** Whether the person has proven themselves anew in the last ten minutes. */
  readonly steppedUp: boolean;
  /** Up to when the person may go on without what the policy demands; undefined where nothing is demanded. */
  readonly grace: Deadline | undefined;
  /** Whether recovery codes that were just made have to be looked at first: where 2FA is mandatory, they are part of it. */
  readonly codesUnseen: boolean;
}

export interface Stranger {
  readonly kind: 'anonymous';
  readonly visit: Visit;
}

export type Standing = Stranger | HalfWay | Person;

/**
 * Where whoever asks stands now: by their session, and by the account, the authenticators and the policy as they are at
 * this moment, so that a disabled account, an ended session or a stricter policy holds for sessions already open
 * (ASVS 7.4.2, 8.3.2).
 */
export async function standingOf(request: Request, services: Services): Promise<Standing> {
  const now = services.clock();
  const state = readState(request, now);
  if (state.kind === 'anonymous') return { kind: 'anonymous', visit: visitOf(request) };
  const { person, settings } = await factsFor(request, state, services);
  const account = person?.account;
  if (!account || account.disabledAt !== null || account.sessionEpoch !== state.epoch) {
    return { kind: 'anonymous', visit: visitOf(request) };
  }
  if (state.kind === 'signed in' && !(await services.signIns.isOpen(account, person.signIn))) {
    return { kind: 'anonymous', visit: visitOf(request) };
  }
  const visit = speakTo(request, account.locale, services);
  const known: Known = {
    account,
    authenticators: person.authenticators,
    policy: services.policies.by(person, siteRule(settings)),
    codesLeft: person.codesLeft,
    visit,
    actor: { party: party(account), origin: visit.origin },
  };
  return standing(known, state, now);
}

/** A form may have taken its time to arrive: what was known when its request began may be over. */
async function factsFor(
  request: Request,
  state: SessionState,
  { standings }: Services,
): Promise<StandingFacts> {
  return request.method === 'POST' ? standings.read(claimOf(state)) : visitOf(request);
}

function standing(known: Known, state: PasswordAccepted | SignedIn, now: Instant): Standing {
  const due = dueAfterPassword(known.policy, known.authenticators, state.secondStep ?? false);
  if (state.kind === 'password accepted') {
    // Nothing is asked any more (the policy was relaxed meanwhile): signing in once more is all it takes.
    if (!due) return { kind: 'anonymous', visit: known.visit };
    return { ...known, kind: 'half way', due, state };
  }
  const steppedUp = isFresh(state.steppedUpAt, now);
  // That it may wait is asked anew on every request, and kept nowhere: a shortened grace bites at once.
  if (!due || due.mayWait) {
    return {
      ...known,
      ...{ kind: 'signed in', state, steppedUp },
      grace: due && known.policy.deadline,
      codesUnseen: hasUnseenCodes(known, state, now),
    };
  }
  // Creating the very first factor with an unattended session would hand the account over: the password comes first.
  if (due.next === 'enrolment' && !steppedUp) return { kind: 'anonymous', visit: known.visit };
  return { ...known, kind: 'half way', due, state: halfOf(state, now) };
}

function hasUnseenCodes({ policy }: Known, { freshCodes }: SignedIn, now: Instant): boolean {
  return policy.rule === 'mandatory' && freshCodes !== undefined && isFresh(freshCodes.at, now);
}

/** A session from before the policy (or another browser) made a second step necessary. */
function halfOf({ accountId, epoch, secondStep }: SignedIn, now: Instant): PasswordAccepted {
  return { kind: 'password accepted', accountId, epoch, since: now, returnTo: '/', secondStep };
}

export function isFresh(at: Instant, now: Instant): boolean {
  return now - at < STEP_UP_LIFETIME;
}
