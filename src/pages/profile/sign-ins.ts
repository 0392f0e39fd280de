import { standsByItsTrust } from '../../sign-in/trusted-browsers.ts';
import type { SignedIn } from '../../web/auth-state.ts';
import { type Action, addAction, type Redirect } from '../../web/form-page.ts';
import type { Handler } from '../../web/guards.ts';
import { NotFound } from '../../web/http-errors.ts';
import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';

type SignInListServices = Pick<PageServices, 'guards' | 'renderer' | 'signIns' | 'trustedBrowsers'>;

const SIGN_INS = '/profile/sign-ins';

/** "Where you're signed in": lists sign-ins and trusted browsers, and ends one of them or all others. */
export function signInListPages(addPage: AddPage, services: SignInListServices): void {
  const { guards, signIns, trustedBrowsers } = services;
  const action = (path: string, act: Action<SignedIn, undefined>['act']) =>
    addAction(addPage, {
      path: `${SIGN_INS}/${path}`,
      guard: guards.steppedUp,
      formPath: () => SIGN_INS,
      act,
    });

  addPage(SIGN_INS, { get: guards.signedIn(list(services)) });

  action('others/end', async ({ who: { account, actor, state } }) => {
    const count = await signIns.endOthers(account, state.signInId, actor);
    return done({ key: 'sign-ins.others-ended', values: { count } });
  });
  action(':id/end', async ({ who: { account, actor }, request }) => {
    if (!(await signIns.end(account, String(request.params['id']), actor))) throw new NotFound();
    return done({ key: 'sign-ins.ended' });
  });
  action('trusted/:id/end', async ({ who: { account, actor }, request }) => {
    if (!(await trustedBrowsers.end(account, String(request.params['id']), actor))) throw new NotFound();
    return done({ key: 'trust.ended' });
  });
}

function done(message: Omit<NonNullable<Redirect['flash']>, 'kind'>): Redirect {
  return { goTo: SIGN_INS, flash: { ...message, kind: 'success' } };
}

/** GET /profile/sign-ins */
function list({
  signIns,
  trustedBrowsers,
  renderer,
}: Pick<PageServices, 'renderer' | 'signIns' | 'trustedBrowsers'>): Handler<SignedIn> {
  return async ({ who: person, request, response }) => {
    const { account, authenticators, policy, context, state } = person;
    const basis = { account, authenticators, policy, trustDays: context.settings.trustDays };
    const open = (await signIns.of(account)).filter(({ trust }) => standsByItsTrust(trust, basis));
    await renderer.show(request, response, {
      view: 'sign-ins/list',
      title: context.words.t('sign-ins.title'),
      back: { href: '/profile', text: context.words.t('profile.title') },
      help: 'trusted-browsers',
      model: {
        browsers: open.map((signIn) => ({ ...signIn, isThis: signIn.id === state.signInId })),
        trusted: await trustedBrowsers.of(basis),
      },
    });
  };
}
