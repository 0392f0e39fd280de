import { type App, startOf } from '../apps/app.ts';
import { redirectTo } from '../web/redirects.ts';
import type { AddPage } from '../web/routes.ts';
import { appsOpenTo } from './apps/way-to-app.ts';
import type { PageServices } from './page-services.ts';

/** The account's front page: the person's apps, and their 2FA. */
export function homePages(
  addPage: AddPage,
  services: Pick<PageServices, 'apps' | 'clock' | 'guards' | 'renderer' | 'site'>,
): void {
  const { guards, renderer, site } = services;
  addPage('/', {
    get: guards.signedIn(async ({ who: person, request, response }) => {
      const { words } = person.context;
      const apps = await services.apps.all();
      await renderer.show(request, response, {
        view: 'home/home',
        title: words.t('home.title', { name: person.account.name }),
        model: {
          rule: person.policy.rule,
          authenticators: person.authenticators.length,
          apps: appsOpenTo(services, apps, person).map((app) => ({
            ...{ name: app.name, host: new URL(app.origin).host },
            href: startOf(app),
          })),
          helpCenter: linkBeside(apps, site.helpCenterUrl),
        },
      });
    }),
  });

  // https://w3c.github.io/webappsec-change-password-url/: password managers open this path.
  addPage('/.well-known/change-password', {
    get: (_request, response) => redirectTo(response, '/profile/password'),
  });
}

/** The link to the help center, until an app of its origin takes its place. */
function linkBeside(apps: readonly App[], helpCenterUrl: string | undefined): string | undefined {
  if (helpCenterUrl === undefined) return undefined;
  const { origin } = new URL(helpCenterUrl);
  return apps.some((app) => app.origin === origin) ? undefined : helpCenterUrl;
}
