import type { Request, Response } from 'express';
import { z } from 'zod';
import { party } from '../../audit/audit.ts';
import type { Anonymous, AuthState, PendingSignIn } from '../../web/auth-state.ts';
import { setLocale } from '../../web/context.ts';
import { readFlashedForm } from '../../web/flash.ts';
import { type FieldError, formView, knownEmail, parseForm, typedPassword } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import { safeReturnPath } from '../../web/paths.ts';
import { redirectTo } from '../../web/redirects.ts';
import { destroySession } from '../../web/session.ts';
import type { PageServices } from '../page-services.ts';
import { deviceOf } from './device.ts';
import { answerOutcome } from './sign-in-outcome.ts';
import { presentedTrust } from './trust.ts';
import { passwordWait } from './waits.ts';

type PasswordServices = Pick<
  PageServices,
  | 'clock'
  | 'knownDevices'
  | 'methods'
  | 'passwordSignIn'
  | 'renderer'
  | 'signInFlow'
  | 'site'
  | 'trustedBrowsers'
  | 'words'
>;

const schema = z.object({
  email: knownEmail(),
  password: typedPassword(),
  returnTo: z.string().optional().catch(undefined),
});

/** Fields whose text is kept if the form is out of date. */
export const SIGN_IN_FIELDS = Object.keys(schema.shape);

/** GET /sign-in */
export function passwordForm(services: Pick<PageServices, 'renderer'>): Handler<Anonymous | PendingSignIn> {
  return async ({ who, request, response }) => {
    const returnTo = safeReturnPath(request.query['return-to']);
    await showForm(
      services,
      who,
      request,
      response,
      { ...readFlashedForm(request, request.path), returnTo },
      [],
    );
  };
}

/** POST /sign-in */
export function submitPassword(services: PasswordServices): Handler<Anonymous | PendingSignIn> {
  return async ({ who, request, response }) => {
    const { passwordSignIn, signInFlow, clock } = services;
    const form = parseForm(schema, request);
    if (!form.ok) return showForm(services, who, request, response, form.typed, form.errors);
    const { email, password } = form.values;
    const presented = await presentedTrust(services, request);
    const device = deviceOf(services, request, presented);
    const returnTo = safeReturnPath(request.body?.returnTo);
    const outcome = await passwordSignIn.check(
      email,
      password,
      who.context.origin,
      device,
      async (account, tx) => {
        // The next pages, and a code that is mailed now, are in the person's language.
        const { origin, settings } = setLocale(request, account.locale, services);
        const actor = { party: party(account), origin };
        const entry = { settings, presented, returnTo };
        return { account, actor, outcome: await signInFlow.in(tx).passwordAccepted(account, actor, entry) };
      },
    );
    if (outcome.kind === 'wait') {
      const fault = passwordWait('email', outcome, clock());
      return showForm(services, who, request, response, form.typed, [fault]);
    }
    if (outcome.kind === 'refused') {
      return showForm(services, who, request, response, form.typed, [
        { field: 'email', key: 'sign-in.refused' },
      ]);
    }
    await answerOutcome(services, outcome.next, outcome.next.outcome, request, response);
  };
}

async function showForm(
  { renderer }: Pick<PageServices, 'renderer'>,
  { context }: Anonymous | PendingSignIn,
  request: Request,
  response: Response,
  typed: Readonly<Record<string, string>>,
  faults: readonly FieldError[],
): Promise<void> {
  await renderer.show(request, response, {
    view: 'sign-in/password',
    title: context.words.t('sign-in.title'),
    width: 'narrow',
    form: formView(typed, faults, context.words),
  });
}

/**
 * POST /sign-out: ends the session in the store, and asks the browser to clear its data (ASVS 14.3.1). The cookie of a
 * trusted browser stays: it is useless without the password.
 */
export function signOut({ signIns }: Pick<PageServices, 'signIns'>): Handler<AuthState> {
  return async ({ who, request, response }) => {
    if (who.kind !== 'anonymous') {
      await signIns.signOut(who.account, who.state.signInId, who.actor);
    }
    await destroySession(request);
    response.set('Clear-Site-Data', '"cache", "storage"');
    await redirectTo(response, '/signed-out');
  };
}
