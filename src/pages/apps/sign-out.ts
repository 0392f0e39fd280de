import { startOf } from '../../apps/app.ts';
import type { AuthState } from '../../web/auth-state.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';

/** /apps/sign-out: where an app's host leads to sign out. Says what ends; its button is that of the account menu. */
export function signOutPage(
  addPage: AddPage,
  { departures, guards, renderer }: Pick<PageServices, 'departures' | 'guards' | 'renderer'>,
): void {
  addPage('/apps/sign-out', {
    get: guards.anyone(async ({ who, request, response }) => {
      if (who.kind === 'anonymous') return redirectTo(response, '/signed-out');
      await renderer.show(request, response, {
        view: 'apps/sign-out',
        title: who.context.words.t('menu.sign-out'),
        width: 'narrow',
        model: await departureIn({ departures }, who),
      });
    }),
  });
}

/** The apps that end with the sign-in, and those where the person has to sign out: for the view. */
export async function departureIn(
  { departures }: Pick<PageServices, 'departures'>,
  { state: { signInId } }: Exclude<AuthState, { kind: 'anonymous' }>,
) {
  const opened = signInId === undefined ? [] : await departures.openedBy(signInId);
  const { ended, told, untold } = await departures.of(opened);
  return {
    apps: [...ended, ...told],
    untold: untold.map((app) => ({ name: app.name, href: startOf(app) })),
  };
}
