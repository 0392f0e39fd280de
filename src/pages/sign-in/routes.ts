import { RECOVERY_CODES } from '../../web/guards.ts';
import type { AddPage } from '../../web/routes.ts';
import { leaveNotice } from '../../web/session.ts';
import type { PageServices } from '../page-services.ts';
import { addCodePages } from '../two-factor/code-pages.ts';
import { makeRecoveryCodes } from '../two-factor/recovery-pages.ts';
import { addWizard } from '../two-factor/wizard.ts';
import { completeSignIn, enterAccount, leadToEnrolment } from './completion.ts';
import { passwordForm, signOut, submitPassword } from './password.ts';
import { chooseFirstMethod, putOff, reasonsUntold, SET_UP } from './set-up.ts';
import { trustBrowser } from './trust.ts';

/** Signing in: the password, the second step or, where the policy demands it, the first enrolment; signing out. */
export function signInPages(addPage: AddPage, services: PageServices): void {
  const { guards, renderer, clock } = services;

  addPage('/sign-in', {
    get: guards.signedOut(passwordForm(services)),
    post: guards.signedOut(submitPassword(services)),
  });

  addCodePages(addPage, services, {
    path: '/sign-in/code',
    guard: guards.secondStep,
    purpose: 'sign-in',
    caption: 'sign-in.title',
    chosenId: ({ state }) => state.chosenId,
    choose: ({ state }, chosenId) => ({ ...state, chosenId }),
    accepted: async (who, request, response, { trust }) => {
      if (await leadToEnrolment(who, request, response)) return;
      if (trust) await trustBrowser(services, who, response);
      await completeSignIn(services, who, request, response, {
        proven: 'authenticator',
        returnTo: who.state.returnTo,
      });
    },
    recovered: async (who, left, request, response) => {
      if (await leadToEnrolment(who, request, response)) return;
      await enterAccount(services, who, request, 'recovery code');
      const path = '/profile/two-factor';
      leaveNotice(request, {
        path,
        key: 'recovery.used',
        kind: 'warning',
        values: { count: left },
        at: clock(),
      });
      response.redirect(303, path);
    },
    mayAskForReset: true,
    trustDays: ({ visit }) => visit.settings.trustDays,
  });

  addPage(SET_UP, { get: guards.firstEnrolment(chooseFirstMethod(services)) });
  addPage(`${SET_UP}/later`, { post: guards.firstEnrolment(putOff(services)), formPath: () => SET_UP });
  addWizard(addPage, services, {
    path: SET_UP,
    guard: guards.firstEnrolment,
    leave: SET_UP,
    reasons: reasonsUntold,
    created: async (who, { name }, request, response) => {
      const state = await enterAccount(services, who, request, 'authenticator');
      await makeRecoveryCodes(services, who, state, request, who.state.returnTo);
      const path = RECOVERY_CODES;
      leaveNotice(request, {
        path,
        key: 'two-factor.created',
        kind: 'success',
        values: { name },
        at: clock(),
      });
      response.redirect(303, path);
    },
  });

  addPage('/sign-out', { post: guards.anyone(signOut(services)), formPath: () => '/' });
  addPage('/signed-out', {
    get: guards.signedOut(async ({ visit }, request, response) => {
      await renderer.show(request, response, {
        view: 'sign-in/signed-out',
        title: visit.words.t('signed-out.title'),
        width: 'narrow',
      });
    }),
  });
}
