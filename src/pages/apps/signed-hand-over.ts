import type { Request, RequestHandler } from 'express';
import { type SignedApp, signInStartOf } from '../../apps/app.ts';
import type { AppQuery, SignedHandOverTo } from '../../apps/signed-formats/format.ts';
import { SIGNED_FORMAT_RULES } from '../../apps/signed-formats/registry.ts';
import { signInPathOf } from '../../apps/signed-hand-over.ts';
import type { SignedIn } from '../../web/auth-state.ts';
import type { Exchange } from '../../web/guards.ts';
import { NotFound } from '../../web/http-errors.ts';
import { LONGEST_RETURN } from '../../web/paths.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { askForMissing } from './missing-proof.ts';
import { showSigningFault } from './signing-fault.ts';
import { signedAppOf, visitorIn } from './way-to-app.ts';

type SignedHandOverServices = Pick<
  PageServices,
  'apps' | 'clock' | 'guards' | 'logger' | 'renderer' | 'signedHandOvers'
>;

/**
 * The longest address that is not shortened. Twenty characters less than what can be returned to: for some text browsers a redirect
 * gets a parameter of its own, and the address would be shortened again and again.
 */
const LONGEST_ADDRESS = LONGEST_RETURN - 20;

/**
 * GET /apps/:id/sign-in: the sign-in URL of an app that takes signed hand-overs. What the app asks for is asked for, and then the
 * browser goes on to the app with a signed statement: by a redirect, or by a form with one button.
 *
 * A sign-in request of Discourse has about 300 characters, and not more than 700 with the longest host name: it fits into what can
 * be returned to.
 */
export function signedHandOverPages(addPage: AddPage, services: SignedHandOverServices): void {
  const open = services.guards.signedIn((exchange) => handOver(services, exchange));
  addPage(signInPathOf(':id'), { get: shortened(services, open) });
}

async function handOver(services: SignedHandOverServices, exchange: Exchange<SignedIn>): Promise<void> {
  const { who, request, response } = exchange;
  const app = await appOf(services, request);
  const query = queryOf(app, request);
  if (!query) return showSigningFault(services, exchange, app, 'malformed');
  const outcome = await services.signedHandOvers.open({
    ...{ app, query, visitor: visitorIn(services, who) },
    ...{ signInId: who.signIn.id, origin: who.actor.origin },
  });
  switch (outcome.kind) {
    case 'redirect':
      return redirectTo(response, outcome.url);
    case 'form':
      return showForm(services, exchange, app, outcome);
    case 'begin':
      return redirectTo(response, signInStartOf(app));
    case 'sign out':
      return redirectTo(response, '/apps/sign-out');
    case 'fault':
      return showSigningFault(services, exchange, app, outcome.fault);
    case 'refused': {
      const way = { app, demand: app, formOrigin: app.origin };
      return askForMissing(services, exchange, outcome.refusal, way, addressOf(app, query));
    }
  }
}

/** A page with one button, whose form takes the statement to the app: in a URL it would be in logs and in the history. */
function showForm(
  { renderer }: Pick<PageServices, 'renderer'>,
  { who, request, response }: Exchange<SignedIn>,
  { name, origin }: SignedApp,
  { url, fields }: Extract<SignedHandOverTo, { kind: 'form' }>,
): Promise<void> {
  return renderer.show(request, response, {
    view: 'apps/hand-over',
    title: who.context.words.t('apps.continue', { app: name }),
    width: 'narrow',
    formOrigin: origin,
    model: { app: name, url, fields },
  });
}

/** An address that is too long to return to after the sign-in is shortened before it: only the page to return to is lost. */
function shortened(services: Pick<PageServices, 'apps'>, open: RequestHandler): RequestHandler {
  return async (request, response, next) => {
    if (request.originalUrl.length <= LONGEST_ADDRESS) return open(request, response, next);
    const app = await appOf(services, request);
    const query = queryOf(app, request);
    const address = query && shortAddressOf(app, query);
    const isShort = address !== undefined && address.length <= LONGEST_ADDRESS;
    return isShort ? redirectTo(response, address) : open(request, response, next);
  };
}

async function appOf(services: Pick<PageServices, 'apps'>, { params: { id } }: Request): Promise<SignedApp> {
  const app = typeof id === 'string' ? await signedAppOf(services, id) : undefined;
  if (!app) throw new NotFound();
  return app;
}

/** The parameters that the app's format reads; undefined if one of them is given twice. Empty ones count as not given. */
function queryOf({ signed }: SignedApp, { query }: Request): AppQuery | undefined {
  const given = SIGNED_FORMAT_RULES[signed.format].parameters.flatMap((name) => {
    const value: unknown = query[name];
    return value === undefined || value === '' ? [] : [[name, value] as const];
  });
  const isText = (entry: readonly [string, unknown]): entry is [string, string] =>
    typeof entry[1] === 'string';
  return given.every(isText) ? Object.fromEntries(given) : undefined;
}

/** The address of this page with the app's request, to return to. */
function addressOf({ id }: Pick<SignedApp, 'id'>, query: AppQuery): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const parameters = String(new URLSearchParams(given));
  return parameters === '' ? signInPathOf(id) : `${signInPathOf(id)}?${parameters}`;
}

/** Without the page to return to if the address would be too long. */
function shortAddressOf(app: SignedApp, query: AppQuery): string {
  const whole = addressOf(app, query);
  const { returns } = SIGNED_FORMAT_RULES[app.signed.format];
  if (whole.length <= LONGEST_ADDRESS || returns === undefined) return whole;
  return addressOf(app, { ...query, [returns]: undefined });
}
