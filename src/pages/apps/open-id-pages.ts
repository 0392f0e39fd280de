import type { Request } from 'express';
import { type OidcApp, startOf } from '../../apps/app.ts';
import type { OpenIdPages, PageExchange } from '../../oidc/routes.ts';
import { contextOf } from '../../web/context.ts';
import type { PageServices } from '../page-services.ts';
import { showLost } from './lost.ts';

type OpenIdPageServices = Pick<PageServices, 'apps' | 'renderer' | 'site'>;

/** The pages that the OpenID Connect provider leaves to us. */
export function openIdPages(services: OpenIdPageServices): OpenIdPages {
  return {
    showError: (exchange, error) => showError(services, exchange, error),
    showLost: (exchange) => showLost(services, exchange, exchange.request.query['app']),
    showFormPost: (exchange, form) => showFormPost(services, exchange, form),
  };
}

/**
 * An error that the app is not told, because nobody knows whether the address is the app's. The person reads what to do; an
 * administrator also what is wrong. Nothing of the request is a link.
 */
async function showError(
  { apps, renderer }: OpenIdPageServices,
  { request, response, app: known }: PageExchange,
  error: Parameters<OpenIdPages['showError']>[1],
): Promise<void> {
  const { words } = contextOf(request);
  const app = known ?? (await appIn(apps, request));
  const isAdministrator = request.account?.role === 'administrator';
  await renderer.show(request, response, {
    view: 'apps/open-id-error',
    title: app ? words.t('open-id.error-title', { app: app.name }) : words.t('open-id.error-title-unknown'),
    width: 'narrow',
    status: 400,
    model: {
      app: app?.name,
      startAgain: app && startOf(app),
      ...(isAdministrator && {
        wrong: whatIsWrong(request, app, error),
        settings: app ? `/admin/apps/${app.id}` : '/admin/apps',
      }),
    },
  });
}

/** Longest text of a request that is shown. */
const LONGEST_SHOWN = 300;

/** What an administrator has to know. */
function whatIsWrong(
  request: Request,
  app: OidcApp | undefined,
  { error, description }: Parameters<OpenIdPages['showError']>[1],
): string {
  const { t } = contextOf(request).words;
  const { redirect_uri: address, client_id: client } = request.query;
  if (!app && typeof client === 'string') {
    return t('open-id.wrong-client', { client: client.slice(0, LONGEST_SHOWN) });
  }
  if (app && typeof address === 'string' && !app.client.redirectUris.includes(address)) {
    return t('open-id.wrong-redirect', { address: address.slice(0, LONGEST_SHOWN) });
  }
  return t('open-id.wrong-request', { error: [error, description].filter(Boolean).join(': ') });
}

/** The app that a refused request names: the provider may have refused it before it looked for the app. */
async function appIn(apps: Pick<PageServices['apps'], 'find'>, { query }: Request) {
  const { client_id: id } = query;
  const app = typeof id === 'string' && !id.includes('\0') ? await apps.find(id) : undefined;
  return app?.kind === 'oidc' ? app : undefined;
}

/**
 * The answer to the app as a form (OAuth 2.0 Form Post Response Mode), with a button and without a script. It may lead to the
 * registered address alone. Not compressed: it contains the code.
 */
async function showFormPost(
  { renderer }: OpenIdPageServices,
  { request, response, app }: PageExchange,
  { action, fields }: Parameters<OpenIdPages['showFormPost']>[1],
): Promise<void> {
  const { origin, host } = new URL(action);
  const name = app?.name ?? host;
  await renderer.show(request, response, {
    view: 'apps/form-post',
    title: contextOf(request).words.t('apps.continue', { app: name }),
    width: 'narrow',
    secret: true,
    formOrigin: origin,
    model: { app: name, action, fields },
  });
}
