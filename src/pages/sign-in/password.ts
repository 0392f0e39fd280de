import { z } from 'zod';
import { party } from '../../audit/audit.ts';
import type { Anonymous, PendingSignIn } from '../../web/auth-state.ts';
import { setLocale } from '../../web/context.ts';
import { addFormPage } from '../../web/form-page.ts';
import { knownEmail, typedPassword } from '../../web/forms.ts';
import type { Exchange } from '../../web/guards.ts';
import { returnPathOf } from '../../web/paths.ts';
import type { AddPage } from '../../web/routes.ts';
import { appOnTheWay, methodsFor } from '../apps/way-to-app.ts';
import type { PageServices } from '../page-services.ts';
import { deviceOf } from './device.ts';
import { answerOutcome, type SignInOutcomeServices } from './sign-in-outcome.ts';
import { presentedTrust } from './trust.ts';
import { passwordWait } from './waits.ts';

type SignInServices = SignInOutcomeServices &
  Pick<
    PageServices,
    | 'apps'
    | 'clock'
    | 'guards'
    | 'openId'
    | 'passwordSignIn'
    | 'renderer'
    | 'signInFlow'
    | 'trustedBrowsers'
    | 'words'
  >;

/** /sign-in: the form of email and password. */
export function addPasswordForm(addPage: AddPage, services: SignInServices): void {
  const { clock, guards } = services;
  addFormPage(addPage, services, {
    path: '/sign-in',
    guard: guards.signedOut,
    schema: z.object({ email: knownEmail(), password: typedPassword() }),
    hidden: (request) => ({ returnTo: returnPathOf(request) }),
    async view({ who: { context }, request }) {
      const way = await appOnTheWay(services, returnPathOf(request));
      return {
        view: 'sign-in/password',
        title: context.words.t('sign-in.title'),
        width: 'narrow',
        ...(way && { formOrigin: way.formOrigin, model: { app: way.app.name } }),
      };
    },
    async submit({ email, password }, exchange) {
      const outcome = await checkPassword(services, exchange, email, password);
      if (outcome.kind === 'wait') return { errors: [passwordWait('email', outcome, clock())] };
      if (outcome.kind === 'refused') return { errors: [{ field: 'email', key: 'sign-in.refused' }] };
      const { request, response } = exchange;
      await answerOutcome(services, outcome.next, outcome.next.outcome, request, response);
      return undefined;
    },
  });
}

/** Checks the password and, in the same transaction, takes the sign-in to its next stage. */
async function checkPassword(
  services: SignInServices,
  { who, request }: Exchange<Anonymous | PendingSignIn>,
  email: string,
  password: string,
) {
  const { passwordSignIn, signInFlow } = services;
  const presented = await presentedTrust(services, request);
  const device = deviceOf(services, request, presented);
  const returnTo = returnPathOf(request);
  const way = await appOnTheWay(services, returnTo);
  return passwordSignIn.check(email, password, who.context.origin, device, async (account, tx) => {
    // The next pages, and a code that is mailed now, are in the person's language.
    const { origin, settings } = setLocale(request, account.locale, services);
    const actor = { party: party(account), origin };
    const asked = way && { methods: methodsFor(way), needsTwoFactor: way.demand.proof !== 'none' };
    const entry = { settings, presented, returnTo, ...asked };
    return { account, actor, outcome: await signInFlow.in(tx).passwordAccepted(account, actor, entry) };
  });
}
