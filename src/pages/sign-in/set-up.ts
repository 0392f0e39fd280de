import type { Handler } from '../../web/guards.ts';
import { deadlineInWords, reasonsInWords } from '../../web/policy-words.ts';
import { forgetLeftovers } from '../../web/session.ts';
import type { HalfWay } from '../../web/standing.ts';
import type { PageServices } from '../page-services.ts';
import { completeSignIn } from './completion.ts';

export const SET_UP = '/sign-in/set-up';

/**
 * GET /sign-in/set-up: why 2FA has to be set up, until when it may wait, and with which method; straight on where there
 * is but one, and nothing else to choose.
 */
export function chooseFirstMethod({ renderer }: PageServices): Handler<HalfWay> {
  return async (who, request, response) => {
    const { visit, policy, due, authenticators } = who;
    const { words, settings } = visit;
    const { methods } = policy;
    const [only] = methods;
    if (!hasChoice(who)) return response.redirect(303, `${SET_UP}/${only}`);
    await renderer.show(request, response, {
      view: 'sign-in/set-up',
      title: words.t('first-set-up.title'),
      width: 'narrow',
      help: 'methods',
      facts: {
        reasons: reasonsInWords(policy, words, settings.siteName),
        until: due.mayWait ? deadlineInWords(policy.deadline, words) : undefined,
        others: authenticators.length > 0,
        methods,
      },
    });
  };
}

/** Whether there is anything to choose: which method, or to put it off. */
function hasChoice({ policy, due }: HalfWay): boolean {
  return policy.methods.length > 1 || due.mayWait;
}

/** Why it has to be set up, for those who are led straight on. */
export function reasonsUntold(who: HalfWay): readonly string[] {
  const { words, settings } = who.visit;
  return hasChoice(who) ? [] : reasonsInWords(who.policy, words, settings.siteName);
}

/** POST /sign-in/set-up/later: on to where the person was going. It is offered again at each sign-in, while grace lasts. */
export function putOff(services: PageServices): Handler<HalfWay> {
  return async (who, request, response) => {
    // Asked now, not when the page was shown: the grace may have been shortened, or ended, since.
    if (!who.due.mayWait) return response.redirect(303, SET_UP);
    const { actor, state } = who;
    forgetLeftovers(request);
    await services.audit.record('two-factor.put-off', actor.origin, actor.party);
    await completeSignIn(services, who, request, response, {
      proven: state.secondStep ? 'authenticator' : 'nothing',
      returnTo: state.returnTo,
    });
  };
}
