import { z } from 'zod';
import type { Authenticator } from '../../two-factor/authenticator.ts';
import type { SecondStepOutcome } from '../../two-factor/second-step.ts';
import type { PendingSignIn, SignedIn } from '../../web/auth-state.ts';
import { dropFlash } from '../../web/flash.ts';
import { addFormPage, type FormOutcome } from '../../web/form-page.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import type { ProofMount } from './code-mount.ts';
import { addCodeSending, addOtherAuthenticators } from './code-sending.ts';
import { askedAuthenticator, codePage, proofContext } from './code-view.ts';
import { codeFault, responseField, throttleFault } from './faults.ts';
import { addLostAccess } from './lost-access.ts';
import { addRecoveryStep } from './recovery-step.ts';

type CodeServices = Pick<
  PageServices,
  'apps' | 'clock' | 'methods' | 'openId' | 'recoveryCodes' | 'renderer' | 'resetRequests' | 'secondStep'
>;

/** Consecutive failures from which the page shows the server's time: the usual cause is the phone's clock. */
const FAILURES_UNTIL_CLOCK = 2;

const wishes = { trust: z.literal('yes').optional().catch(undefined) };

/** Adds the code page, sending a code, choosing another authenticator, recovery codes and lost access. */
export function addCodePages<Who extends PendingSignIn | SignedIn, Next>(
  addPage: AddPage,
  services: CodeServices,
  mount: ProofMount<Who, Next>,
): void {
  addCodePage(addPage, services, mount);
  addCodeSending(addPage, services, mount);
  addOtherAuthenticators(addPage, services, mount);
  addRecoveryStep(addPage, services, mount);
  addLostAccess(addPage, services, mount);
}

/** …: the form of the authenticator's method. */
function addCodePage<Who extends PendingSignIn | SignedIn, Next>(
  addPage: AddPage,
  services: Pick<CodeServices, 'apps' | 'clock' | 'methods' | 'openId' | 'renderer' | 'secondStep'>,
  mount: ProofMount<Who, Next>,
): void {
  const { methods, secondStep } = services;
  addFormPage(addPage, services, {
    path: mount.path,
    guard: mount.guard,
    keeps: [],
    load: async ({ who }) => askedAuthenticator(who, mount),
    schema: ({ method }) => z.object({ ...methods[method].verifier.fields.shape, ...wishes }),
    view: (exchange, errors) => codePage(services, mount, exchange, exchange.subject, errors),
    async submit({ trust, ...typed }, { who, request, response, subject: authenticator }) {
      const context = proofContext(who, mount, request);
      const isTrustWished = trust === 'yes' && mount.trustDays(who) > 0;
      const accepted = { factor: authenticator.method, trust: isTrustWished };
      const outcome = await secondStep.verify(authenticator, typed, context, (tx) =>
        mount.accept(who, accepted, tx),
      );
      if (outcome.kind === 'blocked') {
        await redirectTo(response, mount.path);
        return undefined;
      }
      if (outcome.kind !== 'accepted') return notAccepted(services, authenticator, outcome);
      dropFlash(request);
      await mount.accepted(who, outcome.next, request, response);
      return undefined;
    },
  });
}

function notAccepted(
  { methods, clock }: Pick<CodeServices, 'clock' | 'methods'>,
  { method }: Authenticator,
  outcome: Extract<SecondStepOutcome, { kind: 'wait' | 'fault' }>,
): FormOutcome {
  const { clockDependent, fields } = methods[method].verifier;
  const field = responseField(fields);
  if (outcome.kind === 'wait') return { errors: [throttleFault(outcome.until, clock(), field)] };
  const serverTime = clockDependent && outcome.failures >= FAILURES_UNTIL_CLOCK ? clock() : undefined;
  return { errors: [codeFault(outcome.fault, field)], model: { serverTime } };
}
