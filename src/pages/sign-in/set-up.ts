import type { PendingSignIn } from '../../web/auth-state.ts';
import { clearFlash } from '../../web/flash.ts';
import type { Handler } from '../../web/guards.ts';
import { deadlineInWords, reasonsInWords } from '../../web/policy-words.ts';
import { redirectTo } from '../../web/redirects.ts';
import { formsToApp } from '../apps/way-to-app.ts';
import type { PageServices } from '../page-services.ts';
import { answerOutcome } from './sign-in-outcome.ts';

export const SET_UP = '/sign-in/set-up';

/**
 * GET /sign-in/set-up: why 2FA has to be set up, until when it can wait, and the methods. Redirects to the wizard if there is
 * only one method and it cannot be put off.
 */
export function chooseFirstMethod(
  services: Pick<PageServices, 'apps' | 'openId' | 'renderer'>,
): Handler<PendingSignIn> {
  return async ({ who, request, response }) => {
    const { context, policy, due, authenticators, state } = who;
    const { words, settings } = context;
    const { methods } = policy;
    const [only] = methods;
    if (!hasChoice(who)) return redirectTo(response, `${SET_UP}/${only}`);
    await services.renderer.show(request, response, {
      view: 'sign-in/set-up',
      title: words.t('first-set-up.title'),
      width: 'narrow',
      help: 'methods',
      ...(await formsToApp(services, state.returnTo)),
      model: {
        reasons: reasonsInWords(policy, words, settings.siteName),
        until: due.deferrable ? deadlineInWords(policy.deadline, words) : undefined,
        others: authenticators.length > 0,
        methods,
      },
    });
  };
}

/** Whether there is a choice: several methods, or to put it off. */
function hasChoice({ policy, due }: PendingSignIn): boolean {
  return policy.methods.length > 1 || due.deferrable;
}

/** The reasons for the wizard's first step, for people who were redirected past the page above. */
export function reasonsUntold(who: PendingSignIn): readonly string[] {
  const { words, settings } = who.context;
  return hasChoice(who) ? [] : reasonsInWords(who.policy, words, settings.siteName);
}

/** POST /sign-in/set-up/later: completes the sign-in. Each sign-in asks again during the grace period. */
export function putOff(
  services: Pick<PageServices, 'apps' | 'knownDevices' | 'methods' | 'openId' | 'signInFlow' | 'site'>,
): Handler<PendingSignIn> {
  return async ({ who, request, response }) => {
    const outcome = await services.signInFlow.putOff(who, who.actor);
    if (outcome.kind === 'not deferrable') return redirectTo(response, SET_UP);
    clearFlash(request);
    await answerOutcome(services, who, outcome, request, response);
  };
}
