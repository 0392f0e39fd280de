import type { Request, Response } from 'express';
import type { Account } from '../../accounts/account.ts';
import type { Actor } from '../../audit/audit.ts';
import type { Authenticator } from '../../two-factor/authenticator.ts';
import type { PersonalPolicy } from '../../two-factor/personal-policy.ts';
import { dueAfterPassword } from '../../two-factor/sign-in-checks.ts';
import { withReturn } from '../../web/paths.ts';
import { enterState, type SignedIn } from '../../web/session.ts';
import type { HalfWay } from '../../web/standing.ts';
import type { PageServices } from '../page-services.ts';

interface SigningIn {
  readonly account: Account;
  readonly actor: Actor;
  readonly authenticators: readonly Authenticator[];
  readonly policy: PersonalPolicy;
}

/** What was proven besides the password. A trusted browser spares the question, and proves nothing anew. */
export type Proven = 'nothing' | 'authenticator' | 'recovery code' | 'trusted browser';

/** Everything that was asked for is proven: the session becomes that of a signed-in person. */
export async function enterAccount(
  services: PageServices,
  { account, actor }: SigningIn,
  request: Request,
  proven: Proven,
): Promise<SignedIn> {
  const now = services.clock();
  const factors = proven === 'nothing' ? 'password' : `password, ${proven}`;
  const state: SignedIn = {
    kind: 'signed in',
    accountId: account.id,
    signInId: await services.signIns.complete(account, actor, factors),
    epoch: account.sessionEpoch,
    since: now,
    steppedUpAt: proven === 'trusted browser' ? 0 : now,
    secondStep: proven !== 'nothing',
  };
  await enterState(request, state);
  return state;
}

/**
 * Where a factor is proven that does not satisfy the policy, the one that does has to be created all the same: leads
 * there, and says so by true.
 */
export async function leadToEnrolment(who: HalfWay, request: Request, response: Response): Promise<boolean> {
  if (!dueAfterPassword(who.policy, who.authenticators, true)) return false;
  await enterState(request, { ...who.state, secondStep: true });
  response.redirect(303, '/sign-in/set-up');
  return true;
}

/** Signs the person in and sends them on to where they were going. */
export async function completeSignIn(
  services: PageServices,
  who: SigningIn,
  request: Request,
  response: Response,
  { proven, returnTo }: { readonly proven: Proven; readonly returnTo: string },
): Promise<void> {
  const { account, authenticators, policy } = who;
  await enterAccount(services, who, request, proven);
  const suggest = proven === 'nothing' && authenticators.length === 0 && policy.rule === 'optional';
  const first = suggest && (await services.accounts.takeSuggestion(account.id, services.clock()));
  response.redirect(303, first ? withReturn('/profile/two-factor/suggestion', returnTo) : returnTo);
}
