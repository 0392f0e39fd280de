import { askedAuthenticators } from '../../policy/policy.ts';
import { flash } from '../../web/flash.ts';
import { RECOVERY_CODES } from '../../web/guards.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { addCodePages } from '../two-factor/code-pages.ts';
import { makeRecoveryCodes } from '../two-factor/recovery-pages.ts';
import { addWizard } from '../two-factor/wizard.ts';
import { addPasswordForm } from './password.ts';
import { chooseFirstMethod, putOff, reasonsUntold, SET_UP } from './set-up.ts';
import { answerOutcome, enterOutcome } from './sign-in-outcome.ts';
import { signOutPages } from './sign-out.ts';

/** Signing in (password, then the second step or, if the policy requires it, the first enrolment) and signing out. */
export function signInPages(addPage: AddPage, services: PageServices): void {
  const { guards, signInFlow } = services;

  addPasswordForm(addPage, services);
  addCodePages(addPage, services, {
    path: '/sign-in/code',
    guard: guards.secondStep,
    purpose: 'sign-in',
    caption: 'sign-in.title',
    chosenId: ({ state }) => state.chosenId,
    asked: askedAuthenticators,
    takesRecoveryCodes: () => true,
    returnTo: ({ state }) => state.returnTo,
    choose: ({ state }, chosenId) => ({ ...state, chosenId }),
    accept: (who, { trust, factor }, tx) => {
      const entry = { settings: who.context.settings, trust };
      return signInFlow.in(tx).secondFactorAccepted(who, factor, who.actor, entry);
    },
    accepted: (who, outcome, request, response) => answerOutcome(services, who, outcome, request, response),
    recovered: async (who, outcome, left, request, response) => {
      if (!(await enterOutcome(services, who, outcome, request, response))) return;
      const path = '/profile/two-factor';
      flash(request, {
        path,
        key: 'recovery.used',
        kind: 'warning',
        values: { count: left },
      });
      await redirectTo(response, path);
    },
    mayAskForReset: true,
    trustDays: ({ context }) => context.settings.trustDays,
  });

  addPage(SET_UP, { get: guards.firstEnrolment(chooseFirstMethod(services)) });
  addPage(`${SET_UP}/later`, { post: guards.firstEnrolment(putOff(services)), formPath: () => SET_UP });
  addWizard(addPage, services, {
    path: SET_UP,
    guard: guards.firstEnrolment,
    leave: SET_UP,
    returnTo: ({ state }) => state.returnTo,
    reasons: reasonsUntold,
    accept: (who, created, tx) => signInFlow.in(tx).enrolled(who, created, who.actor),
    created: async (who, { authenticator, next }, request, response) => {
      const complete = await enterOutcome(services, who, next, request, response);
      if (!complete) return;
      await makeRecoveryCodes(services, who, complete.state, request, complete.returnTo);
      const path = RECOVERY_CODES;
      flash(request, {
        path,
        key: 'two-factor.created',
        kind: 'success',
        values: { name: authenticator.name },
      });
      await redirectTo(response, path);
    },
  });

  signOutPages(addPage, services);
}
