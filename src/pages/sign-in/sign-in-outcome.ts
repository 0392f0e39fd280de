import type { Request, Response } from 'express';
import type { Account } from '../../accounts/account.ts';
import type { Actor } from '../../audit/audit.ts';
import type { SignInOutcome } from '../../sign-in/sign-in-flow.ts';
import { withReturn } from '../../web/paths.ts';
import { redirectTo } from '../../web/redirects.ts';
import { enterState } from '../../web/session.ts';
import { afterSignIn } from '../apps/way-to-app.ts';
import type { PageServices } from '../page-services.ts';
import { sendFirstCode } from '../two-factor/code-sending.ts';
import { rememberDevice } from './device.ts';
import { trustCookie } from './trust.ts';

export type SignInOutcomeServices = Pick<PageServices, 'apps' | 'knownDevices' | 'methods' | 'site'>;

type SignedInOutcome = Extract<SignInOutcome, { kind: 'signed in' }>;

interface SigningIn {
  readonly account: Account;
  readonly actor: Actor;
}

/**
 * Stores the outcome of a stage in the session and the cookies. If another stage is due, redirects to its page and returns
 * undefined. If the sign-in is complete, the caller answers.
 */
export async function enterOutcome(
  services: SignInOutcomeServices,
  { account, actor }: SigningIn,
  outcome: SignInOutcome,
  request: Request,
  response: Response,
): Promise<SignedInOutcome | undefined> {
  // The token that the browser had is void. Where the session cannot be stored, the page that says so has to bring the new
  // one, or the next sign-in would be taken for that of a thief.
  const trust = outcome.kind === 'signed in' ? outcome.trust : undefined;
  if (trust) trustCookie(services).set(response, trust.cookie, trust.expiresAt);
  await enterState(request, outcome.state);
  if (outcome.kind === 'signed in') {
    rememberDevice(services, account, request, response);
    return { ...outcome, returnTo: await afterSignIn(services, outcome.returnTo) };
  }
  const { asked, step } = outcome;
  if (asked) {
    const mount = { path: step.path, purpose: 'sign-in' } as const;
    await sendFirstCode(services, request, mount, account, asked, actor);
  }
  await redirectTo(response, step.path);
  return undefined;
}

/** The same; redirects a complete sign-in to the page that was asked for, or once to the suggestion of 2FA. */
export async function answerOutcome(
  services: SignInOutcomeServices,
  signing: SigningIn,
  outcome: SignInOutcome,
  request: Request,
  response: Response,
): Promise<void> {
  const complete = await enterOutcome(services, signing, outcome, request, response);
  if (!complete) return;
  const { returnTo, suggests } = complete;
  await redirectTo(response, suggests ? withReturn('/profile/two-factor/suggestion', returnTo) : returnTo);
}
