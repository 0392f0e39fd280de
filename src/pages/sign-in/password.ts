import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Account } from '../../accounts/account.ts';
import { party } from '../../audit/audit.ts';
import { siteRule } from '../../settings/settings.ts';
import { allowedAuthenticators } from '../../two-factor/policy.ts';
import { chooseAuthenticator } from '../../two-factor/second-step.ts';
import { dueAfterPassword } from '../../two-factor/sign-in-checks.ts';
import type { PresentedTrust } from '../../two-factor/trusted-browsers.ts';
import { emailAddress, type FieldFault, formView, parseForm, typedPassword } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import { ownPath } from '../../web/paths.ts';
import { destroySession, enterState, readKeptForm } from '../../web/session.ts';
import type { HalfWay, Standing, Stranger } from '../../web/standing.ts';
import type { PageServices } from '../page-services.ts';
import { sendFirstCode } from '../two-factor/code-pages.ts';
import { completeSignIn } from './completion.ts';
import { isTrusted, presentedTrust } from './trust.ts';

const schema = z.object({ email: emailAddress(), password: typedPassword() });

/** GET /sign-in */
export function passwordForm(services: PageServices): Handler<Stranger | HalfWay> {
  return async (who, request, response) => {
    const returnTo = ownPath(request.query['return-to']);
    await showForm(
      services,
      who,
      request,
      response,
      { ...readKeptForm(request, request.path), returnTo },
      [],
    );
  };
}

/** POST /sign-in */
export function submitPassword(services: PageServices): Handler<Stranger | HalfWay> {
  return async (who, request, response) => {
    const { passwordSignIn, clock } = services;
    const form = parseForm(schema, request);
    if (!form.ok) return showForm(services, who, request, response, form.typed, form.faults);
    const { email, password } = form.values;
    const presented = await presentedTrust(services, request);
    const outcome = await passwordSignIn.check(email, password, who.visit.origin);
    if (outcome.kind === 'wait') {
      const fault = { field: 'email', key: 'sign-in.throttled', wait: outcome.until - clock() } as const;
      return showForm(services, who, request, response, form.typed, [fault]);
    }
    if (outcome.kind === 'refused') {
      return showForm(services, who, request, response, form.typed, [
        { field: 'email', key: 'sign-in.refused' },
      ]);
    }
    await goOn(services, who, outcome.account, presented, request, response);
  };
}

/** The password is right: on to what the policy asks for next. */
async function goOn(
  services: PageServices,
  { visit }: Stranger | HalfWay,
  account: Account,
  presented: PresentedTrust | undefined,
  request: Request,
  response: Response,
): Promise<void> {
  const returnTo = ownPath(request.body?.returnTo);
  const { audit, authenticators, clock, policies } = services;
  const actor = { party: party(account), origin: visit.origin };
  await audit.record('sign-in.password-accepted', actor.origin, actor.party);
  const existing = await authenticators.of(account.id);
  const policy = await policies.atSignIn(account, siteRule(visit.settings));
  const due = dueAfterPassword(policy, existing, false);
  const who = { account, actor, authenticators: existing, policy };
  if (!due) return completeSignIn(services, who, request, response, { proven: 'nothing', returnTo });
  // Trust spares the code, and never what comes after it.
  const isAll = dueAfterPassword(policy, existing, true) === undefined;
  const basis = { account, authenticators: existing, policy, trustDays: visit.settings.trustDays };
  if (isAll && (await isTrusted(services, presented, basis, actor, response))) {
    return completeSignIn(services, who, request, response, { proven: 'trusted browser', returnTo });
  }
  const asked = chooseAuthenticator(allowedAuthenticators(policy, existing), undefined);
  await enterState(request, {
    kind: 'password accepted',
    accountId: account.id,
    epoch: account.sessionEpoch,
    since: clock(),
    returnTo,
    ...(asked && { chosenId: asked.id }),
  });
  if (asked) {
    await sendFirstCode(
      services,
      request,
      { path: '/sign-in/code', purpose: 'sign-in' },
      account,
      asked,
      actor,
    );
  }
  response.redirect(303, due.next === 'second step' ? '/sign-in/code' : '/sign-in/set-up');
}

async function showForm(
  { renderer }: PageServices,
  { visit }: Stranger | HalfWay,
  request: Request,
  response: Response,
  typed: Readonly<Record<string, string>>,
  faults: readonly FieldFault[],
): Promise<void> {
  await renderer.show(request, response, {
    view: 'sign-in/password',
    title: visit.words.t('sign-in.title'),
    width: 'narrow',
    form: formView(typed, faults, visit.words),
  });
}

/**
 * POST /sign-out: ends the session in the store, and asks the browser to forget what it kept (ASVS 14.3.1). The cookie of
 * a trusted browser stays: it opens nothing without the password.
 */
export function signOut({ signIns }: PageServices): Handler<Standing> {
  return async (who, request, response) => {
    if (who.kind !== 'anonymous') {
      const id = who.kind === 'signed in' ? who.state.signInId : undefined;
      await signIns.signOut(who.account, id, who.actor);
    }
    await destroySession(request);
    response.set('Clear-Site-Data', '"cache", "storage"').redirect(303, '/signed-out');
  };
}
