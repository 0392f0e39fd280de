import { redirectTo } from '../web/redirects.ts';
import type { AddPage } from '../web/routes.ts';
import type { PageServices } from './page-services.ts';

/** The account's front page. */
export function homePages(
  addPage: AddPage,
  { guards, renderer }: Pick<PageServices, 'guards' | 'renderer'>,
): void {
  addPage('/', {
    get: guards.signedIn(async ({ who: person, request, response }) => {
      const { words } = person.context;
      const { rule } = person.policy;
      await renderer.show(request, response, {
        view: 'home/home',
        title: words.t('home.title', { name: person.account.name }),
        model: {
          rule,
          authenticators: person.authenticators.length,
        },
      });
    }),
  });

  // https://w3c.github.io/webappsec-change-password-url/: password managers open this path.
  addPage('/.well-known/change-password', {
    get: (_request, response) => redirectTo(response, '/profile/password'),
  });
}
