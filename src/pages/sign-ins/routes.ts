import type { Handler } from '../../web/guards.ts';
import { NotFound } from '../../web/refusals.ts';
import type { AddPage } from '../../web/routes.ts';
import { leaveNotice } from '../../web/session.ts';
import type { Person } from '../../web/standing.ts';
import type { PageServices } from '../page-services.ts';

const SIGN_INS = '/profile/sign-ins';

/** "Where you're signed in": the browsers, and those that are trusted; ending one or all the others. */
export function signInListPages(addPage: AddPage, services: PageServices): void {
  const { guards } = services;
  const formPath = () => SIGN_INS;
  addPage(SIGN_INS, { get: guards.signedIn(list(services)) });
  addPage(`${SIGN_INS}/others/end`, { post: guards.steppedUp(endOthers(services)), formPath });
  addPage(`${SIGN_INS}/:id/end`, { post: guards.steppedUp(endOne(services)), formPath });
  addPage(`${SIGN_INS}/trusted/:id/end`, { post: guards.steppedUp(endTrust(services)), formPath });
}

function list({ signIns, trustedBrowsers, renderer }: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const { account, authenticators, policy, visit, state } = person;
    const open = await signIns.of(account);
    const basis = { account, authenticators, policy, trustDays: visit.settings.trustDays };
    await renderer.show(request, response, {
      view: 'sign-ins/list',
      title: visit.words.t('sign-ins.title'),
      back: { href: '/profile', text: visit.words.t('profile.title') },
      help: 'trusted-browsers',
      facts: {
        browsers: open.map((signIn) => ({ ...signIn, isThis: signIn.id === state.signInId })),
        trusted: await trustedBrowsers.of(basis),
      },
    });
  };
}

/** POST …/:id/end */
function endOne({ signIns, clock }: PageServices): Handler<Person> {
  return async ({ account, actor }, request, response) => {
    if (!(await signIns.end(account, String(request.params['id']), actor))) throw new NotFound();
    leaveNotice(request, { path: SIGN_INS, key: 'sign-ins.ended', kind: 'success', values: {}, at: clock() });
    response.redirect(303, SIGN_INS);
  };
}

/** POST …/others/end */
function endOthers({ signIns, clock }: PageServices): Handler<Person> {
  return async ({ account, actor, state }, request, response) => {
    const count = await signIns.endOthers(account, state.signInId, actor);
    const key = 'sign-ins.others-ended';
    leaveNotice(request, { path: SIGN_INS, key, kind: 'success', values: { count }, at: clock() });
    response.redirect(303, SIGN_INS);
  };
}

/** POST …/trusted/:id/end */
function endTrust({ trustedBrowsers, clock }: PageServices): Handler<Person> {
  return async ({ account, actor }, request, response) => {
    if (!(await trustedBrowsers.end(account, String(request.params['id']), actor))) throw new NotFound();
    leaveNotice(request, { path: SIGN_INS, key: 'trust.ended', kind: 'success', values: {}, at: clock() });
    response.redirect(303, SIGN_INS);
  };
}
