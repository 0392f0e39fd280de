import express, { type Request, type Router } from 'express';
import { z } from 'zod';
import type { OidcApp } from '../../apps/app.ts';
import { logoutParameters } from '../../oidc/logout-parameters.ts';
import type { AuthState } from '../../web/auth-state.ts';
import type { Exchange } from '../../web/guards.ts';
import { NotFound } from '../../web/http-errors.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { Page } from '../../web/rendering.ts';
import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { endSignIn } from '../sign-in/sign-out.ts';
import { departureIn } from './sign-out.ts';

type LogoutServices = Pick<PageServices, 'departures' | 'guards' | 'openId' | 'renderer' | 'signIns'>;

/** The end session endpoint, as discovery names it. */
const LOGOUT = '/oidc/logout';

/** Takes the answer of the person. */
const ANSWER = '/apps/sign-out/app';

/** What an app asks for when a person signs out there. */
interface Asked {
  /** Undefined: the request does not say which app it is of. */
  readonly app: OidcApp | undefined;
  /** A registered address of the app; undefined: the person stays here. */
  readonly returnTo: string | undefined;
  /** The sign-in to the app that a valid `id_token_hint` names. */
  readonly sid: string | undefined;
  /** An address that is not registered. */
  readonly wrongAddress: string | undefined;
}

/**
 * /oidc/logout: where an app leads a person who signs out there (OpenID Connect RP-Initiated Logout 1.0). Signs out of Postern, like
 * the account menu. The person is asked first, because any page can have a link to here; not if the app shows by an ID token of this
 * very sign-in that it may (ASVS 10.6.2).
 */
export function logoutPages(addPage: AddPage, services: LogoutServices): void {
  const { guards, renderer } = services;

  addPage(LOGOUT, {
    get: guards.anyone(async (exchange) => {
      const { who, request, response } = exchange;
      const asked = await askedBy(services, request.query);
      if (who.kind === 'anonymous') return redirectTo(response, asked.returnTo ?? '/signed-out');
      if (await namesSignInOf(services, asked, who)) return leave(services, exchange, asked);
      await renderer.show(request, response, await questionPage(services, who, asked, request));
    }),
  });

  addPage(ANSWER, {
    post: guards.anyone(async (exchange) =>
      leave(services, exchange, await askedBy(services, exchange.request.body)),
    ),
    formPath: ({ body }) => addressOf(fieldsOf(body)),
  });
}

/**
 * POST /oidc/logout, which clients may send, too. It comes from another site, so the browser sends no session with it: it becomes a
 * GET. Mounted before the pages, which refuse forms of other sites.
 */
export function logoutByForm(): Router {
  const router = express.Router({ strict: true, caseSensitive: true });
  router.post(LOGOUT, ({ body }, response) => redirectTo(response, addressOf(fieldsOf(body))));
  return router;
}

async function askedBy({ openId }: Pick<LogoutServices, 'openId'>, fields: unknown): Promise<Asked> {
  const parameters = logoutParameters.safeParse(fields).data ?? {};
  const request = await openId.readLogout(parameters);
  if (request === 'off') throw new NotFound();
  if (request.kind === 'refused') {
    const isAddress = request.fault === 'address';
    const wrongAddress = isAddress ? parameters.post_logout_redirect_uri : undefined;
    return { app: undefined, returnTo: undefined, sid: undefined, wrongAddress };
  }
  const { app, returnTo, hint } = request;
  return { app, returnTo, sid: hint?.sid, wrongAddress: undefined };
}

/** Whether the ID token is of this sign-in, and not of another one of the same person, or of another person. */
async function namesSignInOf(
  { departures }: Pick<LogoutServices, 'departures'>,
  { app, sid }: Asked,
  who: Exclude<AuthState, { kind: 'anonymous' }>,
): Promise<boolean> {
  const { signInId } = who.state;
  if (!app || sid === undefined || signInId === undefined) return false;
  const opened = await departures.openedBy(signInId);
  return opened.some(({ appId, id }) => appId === app.id && id === sid);
}

async function leave(
  services: Pick<LogoutServices, 'departures' | 'signIns'>,
  exchange: Exchange<AuthState>,
  { returnTo }: Asked,
): Promise<void> {
  await endSignIn(services, exchange);
  await redirectTo(exchange.response, returnTo ?? '/signed-out');
}

async function questionPage(
  services: Pick<LogoutServices, 'departures'>,
  who: Exclude<AuthState, { kind: 'anonymous' }>,
  { app, returnTo, wrongAddress }: Asked,
  { query }: Request,
): Promise<Page> {
  const { t } = who.context.words;
  const isAdministrator = who.kind === 'signed in' && who.account.role === 'administrator';
  return {
    view: 'apps/sign-out',
    title: t('open-id.sign-out-title'),
    width: 'narrow',
    ...(returnTo !== undefined && { formOrigin: new URL(returnTo).origin }),
    model: {
      ...(await departureIn(services, who)),
      asker: app?.name,
      wrong:
        isAdministrator && wrongAddress !== undefined
          ? t('open-id.wrong-sign-out', { address: wrongAddress.slice(0, LONGEST_SHOWN) })
          : undefined,
      action: ANSWER,
      hidden: app ? { ...answerFields.parse(query), client_id: app.id } : {},
    },
  };
}

/** Longest text of a request that is shown. */
const LONGEST_SHOWN = 300;

const text = z.string().max(8000);
const answerFields = z.object({
  post_logout_redirect_uri: text.optional().catch(undefined),
  state: text.optional().catch(undefined),
});

/** The parameters that this page knows, of a form. */
function fieldsOf(body: unknown): Readonly<Record<string, string>> {
  const { data = {} } = logoutParameters.safeParse(body);
  const given = Object.entries(data).filter((field): field is [string, string] => field[1] !== undefined);
  return Object.fromEntries(given);
}

function addressOf(fields: Readonly<Record<string, string>>): string {
  const query = String(new URLSearchParams(fields));
  return query === '' ? LOGOUT : `${LOGOUT}?${query}`;
}
