import { type ListedApp, type OidcApp, type SignedApp, sharesSecret, startOf } from '../../../apps/app.ts';
import { SECRET_OF_APP } from '../../../apps/signed-hand-over.ts';
import type { Translator } from '../../../kernel/i18n.ts';
import { addAction } from '../../../web/form-page.ts';
import { NotFound } from '../../../web/http-errors.ts';
import type { AddPage } from '../../../web/routes.ts';
import { NO_VALUE } from '../../lists.ts';
import type { PageServices } from '../../page-services.ts';
import { APPS, appIn, pathOf } from './app-words.ts';
import {
  clientRows,
  comparedRows,
  FORMAT_DOCUMENTS,
  handOverRows,
  singleEndpointRows,
} from './connect-rows.ts';
import { forgetFreshSecret, freshSecretOf } from './fresh-secret.ts';
import { KNOWN_APPS, type KnownApp } from './known-apps.ts';

type ConnectServices = Pick<PageServices, 'apps' | 'clock' | 'guards' | 'keyring' | 'renderer' | 'site'>;

/** /admin/apps/:id/connect: what to enter in the app; a new secret, until it is confirmed. POST …/connect/saved confirms it. */
export function connectPage(addPage: AddPage, services: ConnectServices): void {
  const { guards, renderer, site } = services;
  addPage(`${APPS}/:id/connect`, {
    get: guards.administrator(async ({ who, request, response }) => {
      const { words } = who.context;
      const app = await appIn(services, request);
      if (app.kind === 'host') throw new NotFound();
      const secret = freshSecretOf(services, who, app);
      await renderer.show(request, response, {
        view: 'admin/app-connect',
        title: words.t('connect.title', { name: app.name }),
        caption: words.t('menu.administration'),
        width: 'wide',
        secret: true,
        back: { href: pathOf(app), text: app.name },
        model: {
          ...{ path: pathOf(app), secret, sharesSecret: sharesSecret(app), start: startOf(app) },
          ...(app.kind === 'oidc'
            ? clientModel(app, site.baseUrl, words)
            : handOverModel(app, site.baseUrl, words)),
        },
      });
    }),
  });

  addAction(addPage, {
    path: `${APPS}/:id/connect/saved`,
    formPath: ({ params }) => `${APPS}/${params['id']}/connect`,
    guard: guards.administrator,
    load: ({ request }) => appIn(services, request),
    async act({ who, request, subject: app }) {
      await forgetFreshSecret(who, request);
      return { goTo: pathOf(app) };
    },
  });
}

function clientModel(app: ListedApp<OidcApp>, baseUrl: string, words: Translator) {
  return {
    rows: clientRows(app, baseUrl, words),
    single: singleEndpointRows(baseUrl, words),
    compared: comparedRows(app, words),
    known: KNOWN_APPS.map((known) => knownLine(known, app, words)),
  };
}

function knownLine({ name, callback, traits, document }: KnownApp, app: OidcApp, { t }: Translator) {
  const notes = traits.map((trait) => t(`connect.trait.${trait}`)).join(' ') || NO_VALUE;
  return [name, `${app.origin}${callback}`, notes, document];
}

function handOverModel(app: ListedApp<SignedApp>, baseUrl: string, words: Translator) {
  const { format } = app.signed;
  return {
    rows: handOverRows(app, baseUrl, words),
    format,
    appMakesSecret: SECRET_OF_APP.includes(format),
    document: FORMAT_DOCUMENTS[format],
  };
}
