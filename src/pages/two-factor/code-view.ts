import type { Request } from 'express';
import type { Purpose } from '../../mail/message.ts';
import { isMailboxSpent } from '../../policy/policy.ts';
import type { Authenticator } from '../../two-factor/authenticator.ts';
import type { ProofContext } from '../../two-factor/method.ts';
import { chooseAuthenticator } from '../../two-factor/second-step.ts';
import type { PendingSignIn, SignedIn } from '../../web/auth-state.ts';
import type { FieldError } from '../../web/forms.ts';
import type { Exchange } from '../../web/guards.ts';
import type { Page } from '../../web/rendering.ts';
import { browserOf } from '../../web/session.ts';
import { appOnTheWay } from '../apps/way-to-app.ts';
import type { PageServices } from '../page-services.ts';
import type { CodeMount } from './code-mount.ts';

export type CodeViewServices = Pick<PageServices, 'apps' | 'clock' | 'methods' | 'openId' | 'secondStep'>;

/** The page that asks for a response of this authenticator; `errors` are those of the form that was sent. */
export async function codePage<Who extends PendingSignIn | SignedIn>(
  services: CodeViewServices,
  mount: CodeMount<Who>,
  { who, request }: Exchange<Who>,
  authenticator: Authenticator,
  errors: readonly FieldError[],
): Promise<Page> {
  const { methods, secondStep, clock } = services;
  const { words } = who.context;
  const now = clock();
  const { verifier, describe } = methods[authenticator.method];
  const context = proofContext(who, mount, request);
  const nextSend = await verifier.delivery?.nextSend(who.account);
  const waitUntil = await secondStep.waiting(who.account);
  const way = await appOnTheWay(services, mount.returnTo(who));
  return {
    view: 'two-factor/code',
    title: words.t(`method.${authenticator.method}.ask`),
    caption: words.t(mount.caption),
    width: 'narrow',
    help: 'sign-in',
    ...(way && { formOrigin: way.formOrigin }),
    model: {
      path: mount.path,
      app: way?.app.name,
      isStrong: !mount.takesRecoveryCodes(who),
      asked: {
        name: authenticator.name,
        method: authenticator.method,
        description: describe(authenticator, who.account),
        sends: verifier.delivery !== undefined,
        blocked: authenticator.blockedAt !== null,
        prompt: await verifier.prompt?.(authenticator, context),
      },
      sentAt: await verifier.delivery?.lastSent(authenticator, context),
      nextSendIn: nextSend && nextSend - now,
      waitFor: waitUntil && waitUntil - now,
      // A recovery code was typed instead of six digits: the page links to the right form.
      recoveryTyped: errors.some(({ key }) => key === 'error.code-is-recovery-code'),
      others: mount.asked(who).length - 1,
      trustDays: mount.trustDays(who),
      recovery: who.codesLeft > 0 && mount.takesRecoveryCodes(who),
      afterReset: isMailboxSpent(who),
    },
  };
}

/** The authenticator that is asked for: the one that the person has chosen, else their first. */
export function askedAuthenticator<Who extends PendingSignIn | SignedIn>(
  who: Who,
  mount: CodeMount<Who>,
): Authenticator {
  const authenticator = chooseAuthenticator(mount.asked(who), mount.chosenId(who));
  if (!authenticator) throw new Error('There is no authenticator that the person could be asked for.');
  return authenticator;
}

export function proofContext(
  { account, actor }: PendingSignIn | SignedIn,
  { purpose }: { readonly purpose: Purpose },
  request: Request,
): ProofContext {
  return { account, purpose, actor, browser: browserOf(request) };
}
