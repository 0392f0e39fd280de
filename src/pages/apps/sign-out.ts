import { redirectTo } from '../../web/redirects.ts';
import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';

/** /apps/sign-out: where an app's host leads to sign out. Says what ends; its button is that of the account menu. */
export function signOutPage(
  addPage: AddPage,
  { appSignIns, guards, renderer }: Pick<PageServices, 'appSignIns' | 'guards' | 'renderer'>,
): void {
  addPage('/apps/sign-out', {
    get: guards.anyone(async ({ who, request, response }) => {
      if (who.kind === 'anonymous') return redirectTo(response, '/signed-out');
      const { signInId } = who.state;
      await renderer.show(request, response, {
        view: 'apps/sign-out',
        title: who.context.words.t('menu.sign-out'),
        width: 'narrow',
        model: { apps: signInId === undefined ? [] : await appSignIns.appsOf(signInId) },
      });
    }),
  });
}
