import { z } from 'zod';
import type { Refusal } from '../../apps/access.ts';
import { METHOD_IDS, type MethodId } from '../../settings/method-ids.ts';
import type { SignedIn } from '../../web/auth-state.ts';
import { addFormPage } from '../../web/form-page.ts';
import type { Exchange } from '../../web/guards.ts';
import { NotFound } from '../../web/http-errors.ts';
import { safeReturnPath, withReturn } from '../../web/paths.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { Page } from '../../web/rendering.ts';
import type { AddPage } from '../../web/routes.ts';
import { updateState } from '../../web/session.ts';
import type { PageServices } from '../page-services.ts';
import { CONFIRM_EMAIL } from './confirm-email.ts';
import { type AppOnTheWay, accessOf, appOnTheWay } from './way-to-app.ts';

/**
 * Leads a person whom an app refuses to what is missing: a step-up, a confirmed address, an authenticator. If nothing helps, the
 * page says why. `address`: the page of the site to return to, which asks the app again. `wayBack`: to an app that is told that the
 * person cannot use it.
 */
export async function askForMissing(
  { renderer }: Pick<PageServices, 'renderer'>,
  { who, request, response }: Pick<Exchange<SignedIn>, 'who' | 'request' | 'response'>,
  refusal: Refusal,
  way: AppOnTheWay,
  address: string,
  wayBack?: WayBack,
): Promise<void> {
  switch (refusal.kind) {
    case 'second step':
    case 'stale':
    case 'sign in':
      return redirectTo(response, withReturn('/step-up', address));
    case 'email unconfirmed':
      return redirectTo(response, withReturn(CONFIRM_EMAIL, address));
    case 'enrol':
      return renderer.show(request, response, enrolPage(who, way, refusal.methods, address));
    case 'impossible':
    case 'not a member':
      return renderer.show(request, response, refusedPage(who, way, refusal.kind, wayBack));
  }
}

/** A form that leads back to the app, in which the answer is "no". */
interface WayBack {
  readonly action: string;
  readonly hidden: Readonly<Record<string, string>>;
}

/** Nothing that the person does would help. */
function refusedPage(
  { account, context: { words } }: SignedIn,
  { app: { name: app }, formOrigin }: AppOnTheWay,
  why: 'impossible' | 'not a member',
  wayBack: WayBack | undefined,
): Page {
  return {
    ...(wayBack && { formOrigin }),
    view: 'apps/refused',
    title: words.t('apps.refused-title', { app }),
    width: 'narrow',
    status: 403,
    model: {
      text: words.t(why === 'impossible' ? 'apps.refused-impossible' : 'apps.refused-group', {
        app,
        email: account.email,
      }),
      ...{ app, wayBack },
    },
  };
}

/** Why an authenticator has to be set up, and the methods that the app accepts. */
function enrolPage(
  { context: { words } }: SignedIn,
  { app: { name }, demand: { proof }, formOrigin }: AppOnTheWay,
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
    formOrigin,
    model: {
      text: words.t(proof === 'strong' ? 'apps.enrol-strong' : 'apps.enrol-any', { app: name }),
      methods,
      returnTo,
    },
  };
}

/** POST /apps/enrol: begins the set-up of a method; it leads back to the app. */
export function enrolPages(
  addPage: AddPage,
  services: Pick<PageServices, 'apps' | 'clock' | 'guards' | 'openId' | 'renderer'>,
): void {
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
      const way = await appOnTheWay(services, address, who);
      if (!way) throw new NotFound();
      const access = accessOf(services, way, who);
      if (access.kind === 'enrol') return { way, address, methods: access.methods };
      // Set up in another tab meanwhile, or the app asks for something else by now.
      await redirectTo(response, address);
      return undefined;
    },
    view: ({ who, subject: { way, methods, address } }) => enrolPage(who, way, methods, address),
    async submit({ method }, { who, request, response, subject }) {
      const { enrolment: _dropped, replacedId: _other, ...rest } = who.state;
      await updateState(request, { ...rest, enrolmentReturnTo: subject.address });
      await redirectTo(response, `/profile/two-factor/set-up/${method}`);
      return undefined;
    },
  });
}
