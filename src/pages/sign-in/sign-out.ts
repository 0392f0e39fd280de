import { startOf } from '../../apps/app.ts';
import type { AuthState } from '../../web/auth-state.ts';
import type { Exchange, Handler } from '../../web/guards.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { AddPage } from '../../web/routes.ts';
import { destroySession, enterState } from '../../web/session.ts';
import { keepOpenedApps, openedApps } from '../apps/opened-apps.ts';
import type { PageServices } from '../page-services.ts';

type SignOutServices = Pick<PageServices, 'departures' | 'guards' | 'renderer' | 'signIns'>;

/** POST /sign-out, and /signed-out, where it leads to. */
export function signOutPages(addPage: AddPage, services: SignOutServices): void {
  const { departures, guards, renderer } = services;
  addPage('/sign-out', { post: guards.anyone(signOut(services)), formPath: () => '/' });
  addPage('/signed-out', {
    get: guards.signedOut(async ({ who: { context }, request, response }) => {
      const { words, now } = context;
      const { ended, told, untold } = await departures.of(openedApps(request, now));
      const list = new Intl.ListFormat(words.locale, { type: 'conjunction' });
      const apps = list.format(ended.map(({ name }) => name));
      await renderer.show(request, response, {
        view: 'sign-in/signed-out',
        title: words.t('signed-out.title'),
        width: 'narrow',
        ...(ended.length > 0 && {
          notice: { kind: 'success', text: words.t('signed-out.apps', { apps }) },
        }),
        model: {
          told: told.map(({ name }) => name),
          untold: untold.map((app) => ({ name: app.name, href: startOf(app) })),
        },
      });
    }),
  });
}

function signOut(services: SignOutServices): Handler<AuthState> {
  return async (exchange) => {
    await endSignIn(services, exchange);
    await redirectTo(exchange.response, '/signed-out');
  };
}

/**
 * Ends the session in the store, and asks the browser to clear its data (ASVS 14.3.1). The cookie of a trusted browser stays: it
 * is useless without the password. Apps behind a proxy refuse from their next request on; the others are told after this answer.
 */
export async function endSignIn(
  { departures, signIns }: Pick<SignOutServices, 'departures' | 'signIns'>,
  { who, request, response }: Exchange<AuthState>,
): Promise<void> {
  const signInId = who.kind === 'anonymous' ? undefined : who.state.signInId;
  const opened = signInId === undefined ? [] : await departures.openedBy(signInId);
  if (who.kind !== 'anonymous') await signIns.signOut(who.account, signInId, who.actor);
  if (opened.length === 0) await destroySession(request);
  else {
    // A new session, of nobody, for the list of these apps.
    await enterState(request, { kind: 'anonymous' });
    keepOpenedApps(request, opened, who.context.now);
  }
  response.set('Clear-Site-Data', '"cache", "storage"');
}
