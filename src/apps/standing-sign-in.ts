import { isOpenFor, isOver, type SignIn } from '../accounts/sign-ins.ts';
import type { Instant } from '../kernel/time.ts';
import type { Policies } from '../policy/policies.ts';
import type { PersonSnapshot } from '../policy/snapshot.ts';
import type { Settings } from '../settings/settings.ts';
import { policyIfValid } from '../sign-in/auth-state.ts';
import { accessTo, type Refusal, type Visitor, visitorOf } from './access.ts';
import type { AppDemand } from './app.ts';

/** What a sign-in to an app rests on, as read by one statement. */
interface Standing {
  readonly settings: Settings;
  readonly person:
    | Pick<PersonSnapshot, 'account' | 'signIn' | 'authenticators' | 'memberships' | 'graceStarts'>
    | undefined;
}

export type StandingAccess =
  /** Nobody is signed in by this sign-in, or no longer. */
  | { readonly kind: 'signed out' }
  /** The person is signed in and may not use the app now. */
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'allowed'; readonly visitor: Visitor; readonly signIn: SignIn };

/**
 * Whether an app lets in who is signed in by this sign-in: by the sign-in, the account, the policy and the app of this moment. For
 * what has no session of Postern's: a cookie of an app's host, a token.
 */
export function standingAccess(
  app: AppDemand,
  { settings, person }: Standing,
  policies: Pick<Policies, 'by'>,
  now: Instant,
): StandingAccess {
  const signIn = person?.signIn;
  if (!signIn || !isOpenFor(person.account, signIn) || isOver(signIn, now)) return { kind: 'signed out' };
  const policy = policyIfValid(person, signIn.epoch, settings, policies);
  if (!policy) return { kind: 'signed out' };
  const visitor = visitorOf({ ...person, policy, signIn }, person.memberships, now);
  const access = accessTo(app, visitor);
  return access.kind === 'allowed'
    ? { kind: 'allowed', visitor, signIn }
    : { kind: 'refused', refusal: access };
}
