import { z } from 'zod';
import { type ListedApp, sharesSecret, startOf } from '../../../apps/app.ts';
import type { Probe } from '../../../apps/app-probe.ts';
import type { ClientError } from '../../../apps/client-errors.ts';
import type { Translator } from '../../../kernel/i18n.ts';
import type { SignedIn } from '../../../web/auth-state.ts';
import { addFormPage } from '../../../web/form-page.ts';
import type { Page } from '../../../web/rendering.ts';
import type { AddPage } from '../../../web/routes.ts';
import { NO_VALUE } from '../../lists.ts';
import type { PageServices } from '../../page-services.ts';
import { signOutsOf } from './app-sign-outs.ts';
import { summaryOf } from './app-summary.ts';
import {
  APPS,
  appIn,
  audienceInWords,
  editPathOf,
  hostAppIn,
  lastSignInInWords,
  pathOf,
  proofInWords,
} from './app-words.ts';

type AppPageServices = Pick<
  PageServices,
  'appProbe' | 'appSecrets' | 'apps' | 'clientErrors' | 'groups' | 'guards' | 'logoutReports' | 'renderer'
>;

/** People on the page of an app: those who have used it last. */
const MOST_USERS = 50;

/** /admin/apps: every app, for whom it is, and when somebody last signed in to it. */
export function appListPage(
  addPage: AddPage,
  services: Pick<AppPageServices, 'apps' | 'groups' | 'guards' | 'renderer'>,
): void {
  const { apps, groups, guards, renderer } = services;
  addPage(APPS, {
    get: guards.administrator(async ({ who: { context }, request, response }) => {
      const { words } = context;
      const [all, named] = [await apps.all(), await groups.list()];
      await renderer.show(request, response, {
        view: 'admin/apps',
        title: words.t('admin-apps.title'),
        caption: words.t('menu.administration'),
        width: 'wide',
        model: {
          lines: all.map((app) => [
            { text: app.name, href: pathOf(app) },
            new URL(app.origin).host,
            words.t(`app.kind-short.${app.kind}`),
            audienceInWords(app, named, words),
            proofInWords(app, words),
            lastSignInInWords(app, words),
          ]),
        },
      });
    }),
  });
}

/** /admin/apps/:id: an app with those who have used it. POST …/check looks at it from outside. */
export function appPage(addPage: AddPage, services: AppPageServices): void {
  const { appProbe, guards, renderer } = services;
  addPage(`${APPS}/:id`, {
    get: guards.administrator(async ({ who, request, response }) => {
      await renderer.show(request, response, await viewOf(services, who, await appIn(services, request)));
    }),
  });

  addFormPage(addPage, services, {
    path: `${APPS}/:id/check`,
    formPath: ({ params }) => `${APPS}/${params['id']}`,
    postOnly: true,
    guard: guards.steppedUpAdministrator,
    schema: z.object({}),
    load: ({ request }) => hostAppIn(services, request),
    view: ({ who, subject }) => viewOf(services, who, subject),
    async submit(_values, { subject: app }) {
      return { errors: [], model: { probes: (await appProbe.probe(app)) satisfies readonly Probe[] } };
    },
  });
}

async function viewOf(
  services: Pick<AppPageServices, 'appSecrets' | 'apps' | 'clientErrors' | 'groups' | 'logoutReports'>,
  { context: { words } }: SignedIn,
  app: ListedApp,
): Promise<Page> {
  const { t } = words;
  const { appSecrets, apps, clientErrors, groups } = services;
  const users = await apps.users(app, MOST_USERS);
  const secrets = sharesSecret(app) ? await appSecrets.standing(app) : [];
  return {
    view: 'admin/app',
    title: app.name,
    caption: t('menu.administration'),
    width: 'wide',
    back: { href: APPS, text: t('admin-apps.title') },
    model: {
      ...{ path: pathOf(app), editPath: editPathOf(app), kind: app.kind, start: startOf(app) },
      signOuts: await signOutsOf(services, app, words),
      facts: summaryOf(app, await groups.list(), secrets, words),
      ...(app.kind === 'oidc' && { errors: clientErrors.of(app.id).map((error) => errorLine(error, words)) }),
      users: users.map(({ accountId, name, email, lastAt }) => [
        { text: name, href: `/admin/people/${accountId}` },
        email,
        words.when(lastAt),
      ]),
    },
  };
}

/** What the provider has refused, and why: technical, in English, as in the log. */
function errorLine({ at, count, endpoint, error, detail }: ClientError, words: Translator) {
  const technical = (text: string) => ({ text: text || NO_VALUE, lang: 'en' });
  return [words.when(at), technical(`${endpoint}: ${error}`), words.number(count), technical(detail)];
}
