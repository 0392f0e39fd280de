import type { Request, RequestHandler } from 'express';
import { z } from 'zod';
import type { App } from '../../apps/app.ts';
import { METHOD_IDS, type MethodId } from '../../settings/method-ids.ts';
import type { SignedIn } from '../../web/auth-state.ts';
import { addFormPage } from '../../web/form-page.ts';
import type { Handler } from '../../web/guards.ts';
import { NotFound } from '../../web/http-errors.ts';
import { LONGEST_RETURN, safeReturnPath, withReturn } from '../../web/paths.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { Page } from '../../web/rendering.ts';
import type { AddPage } from '../../web/routes.ts';
import { updateState } from '../../web/session.ts';
import type { PageServices } from '../page-services.ts';
import { CONFIRM_EMAIL } from './confirm-email.ts';
import { accessOf, appOnTheWay, OPEN_APP, visitorIn } from './way-to-app.ts';

type OpenServices = Pick<PageServices, 'apps' | 'clock' | 'guards' | 'handOvers' | 'renderer'>;

/** The hash of the nonce of the app's host: SHA-256 in base64url. */
const query = z.object({
  host: z.string().max(300),
  nonce: z.string().regex(/^[\w-]{43}$/),
  path: z.string().optional(),
});

/** What an app's host asks for: see guard/hand-over-paths.ts. */
type Asked = z.infer<typeof query> & {
  /** The address of this page, to return to. */
  readonly address: string;
};

/** The way to an app: what it asks for and was not proven yet is asked for, and then the sign-in is handed over. */
export function openPages(addPage: AddPage, services: OpenServices): void {
  addPage(OPEN_APP, { get: shortened(services.guards.signedIn(openApp(services))) });
  enrolForApp(addPage, services);
}

/** GET /apps/open?host=…&nonce=…&path=… */
function openApp(services: OpenServices): Handler<SignedIn> {
  const { renderer } = services;
  return async ({ who, request, response }) => {
    const asked = askedOf(request);
    if (!asked) throw new NotFound();
    const { address, host, nonce: nonceHash, path } = asked;
    const opened = await services.handOvers.open({
      ...{ host, nonceHash, path: safeReturnPath(path) },
      ...{ visitor: visitorIn(services, who), signInId: who.signIn.id, origin: who.actor.origin },
    });
    if (opened.kind === 'unknown host') throw new NotFound();
    const { app } = opened;
    if (opened.kind === 'handed over') {
      return redirectTo(response, `${app.origin}/.postern/finish?code=${opened.code}`);
    }
    const { refusal } = opened;
    switch (refusal.kind) {
      case 'second step':
      case 'stale':
      case 'sign in':
        return redirectTo(response, withReturn('/step-up', address));
      case 'email unconfirmed':
        return redirectTo(response, withReturn(CONFIRM_EMAIL, address));
      case 'enrol':
        return renderer.show(request, response, enrolPage(who, app, refusal.methods, address));
      case 'impossible':
      case 'not a member':
        return renderer.show(request, response, refusedPage(who, app, refusal.kind));
    }
  };
}

/** What the app's host asks for; undefined if something is missing or malformed: nobody is sent here so. */
function askedOf(request: Request): Asked | undefined {
  const { data } = query.safeParse(request.query);
  return data && { ...data, address: addressOf(data) };
}

/** Without the path if it would be too long to return to: then the app's first page is opened. */
function addressOf({ host, nonce, path }: z.infer<typeof query>): string {
  const address = (query: Record<string, string>) => `${OPEN_APP}?${new URLSearchParams(query)}`;
  const whole = address({ host, nonce, path: safeReturnPath(path) });
  return whole.length > LONGEST_RETURN ? address({ host, nonce, path: '/' }) : whole;
}

/** An address that is too long to return to after the sign-in is shortened before it. */
function shortened(open: RequestHandler): RequestHandler {
  return (request, response, next) => {
    const asked = request.originalUrl.length > LONGEST_RETURN ? askedOf(request) : undefined;
    return asked ? redirectTo(response, asked.address) : open(request, response, next);
  };
}

/** Nothing that the person does would help. */
function refusedPage(
  { account, context: { words } }: SignedIn,
  { name: app }: App,
  why: 'impossible' | 'not a member',
): Page {
  return {
    view: 'apps/refused',
    title: words.t('apps.refused-title', { app }),
    width: 'narrow',
    status: 403,
    model: {
      text: words.t(why === 'impossible' ? 'apps.refused-impossible' : 'apps.refused-group', {
        app,
        email: account.email,
      }),
    },
  };
}

/** Why an authenticator has to be set up, and the methods that the app accepts. */
function enrolPage(
  { context: { words } }: SignedIn,
  { name, origin, proof }: App,
  methods: readonly MethodId[],
  returnTo: string,
): Page {
  return {
    view: 'apps/enrol',
    title: words.t('first-set-up.title'),
    caption: name,
    width: 'narrow',
    help: 'methods',
    // Its form leads straight to the app if another tab has set a method up meanwhile.
    formOrigin: origin,
    model: {
      text: words.t(proof === 'strong' ? 'apps.enrol-strong' : 'apps.enrol-any', { app: name }),
      methods,
      returnTo,
    },
  };
}

/** POST /apps/enrol: begins the set-up of a method; it leads back to the app. */
function enrolForApp(addPage: AddPage, services: OpenServices): void {
  addFormPage(addPage, services, {
    path: '/apps/enrol',
    formPath: ({ body }) => safeReturnPath(body?.returnTo),
    postOnly: true,
    guard: services.guards.signedIn,
    schema: z.object({
      method: z.enum(METHOD_IDS, { error: 'apps.method-missing' }),
      returnTo: z.string().optional().catch(undefined),
    }),
    async load({ who, request, response }) {
      const address = safeReturnPath(request.body?.returnTo);
      const app = await appOnTheWay(services, address);
      if (!app) throw new NotFound();
      const access = accessOf(services, app, who);
      if (access.kind === 'enrol') return { app, address, methods: access.methods };
      // Set up in another tab meanwhile, or the app asks for something else by now.
      await redirectTo(response, address);
      return undefined;
    },
    view: ({ who, subject: { app, methods, address } }) => enrolPage(who, app, methods, address),
    async submit({ method }, { who, request, response, subject }) {
      const { enrolment: _dropped, replacedId: _other, ...rest } = who.state;
      await updateState(request, { ...rest, enrolmentReturnTo: subject.address });
      await redirectTo(response, `/profile/two-factor/set-up/${method}`);
      return undefined;
    },
  });
}
