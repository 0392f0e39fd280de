import type { Request } from 'express';
import { type Access, accessTo, canBeMet, type Visitor, visitorOf } from '../../apps/access.ts';
import type { App, AppDemand, HostApp, SignedApp } from '../../apps/app.ts';
import { type MethodId, STRONG_METHODS } from '../../settings/method-ids.ts';
import type { SignedIn } from '../../web/auth-state.ts';
import { NotFound } from '../../web/http-errors.ts';
import { safeReturnPath } from '../../web/paths.ts';
import type { Page } from '../../web/rendering.ts';
import type { PageServices } from '../page-services.ts';

/** The page that hands a sign-in over to an app. Whatever is asked for on the way leads back to it. */
export const OPEN_APP = '/apps/open';

/** The same for an OpenID Connect app. */
export const AUTHORIZE_APP = '/apps/authorize';

/** Opens somebody's only app. */
export const START = '/apps/start';

type AppServices = Pick<PageServices, 'apps' | 'openId'>;

/** The app that somebody is on the way to. */
export interface AppOnTheWay {
  readonly app: App;
  /** What is asked for on this way: what the app's settings say, or more where the app asks for it itself. */
  readonly demand: AppDemand;
  /**
   * The origin that the forms of a page may redirect to, and no other. The redirect after the last of these forms goes on to the
   * app, and browsers apply `form-action` to it, too.
   */
  readonly formOrigin: string;
}

/**
 * The app that a page to return to leads to; undefined if it leads elsewhere on the site, or the app no longer exists.
 *
 * @param person who is signed in: what a client asks for depends on what the person can do about it
 */
export async function appOnTheWay(
  services: AppServices,
  returnTo: string | undefined,
  person?: SignedIn,
): Promise<AppOnTheWay | undefined> {
  const { pathname, searchParams } = new URL(safeReturnPath(returnTo), 'http://own.invalid');
  if (pathname === AUTHORIZE_APP) {
    const pending = await services.openId.pending(searchParams.get('uid') ?? '', person);
    return pending === 'lost' ? undefined : { ...pending, formOrigin: pending.redirectOrigin };
  }
  const app =
    pathname === OPEN_APP
      ? await appAt(services, searchParams.get('host'))
      : await signedAppAt(services, pathname);
  return app && { app, demand: app, formOrigin: app.origin };
}

async function appAt({ apps }: AppServices, host: string | null): Promise<App | undefined> {
  return host === null ? undefined : apps.findByHost(host);
}

async function signedAppAt(services: AppServices, pathname: string): Promise<App | undefined> {
  const [, id] = SIGN_IN_PATH.exec(pathname) ?? [];
  return id === undefined ? undefined : signedAppOf(services, id);
}

/** The path of `signInPathOf`, with the id of the app. */
const SIGN_IN_PATH = /^\/apps\/([^/]+)\/sign-in$/;

/** The app with this id if it takes signed hand-overs. */
export async function signedAppOf(
  { apps }: Pick<PageServices, 'apps'>,
  id: string,
): Promise<SignedApp | undefined> {
  const app = await apps.find(id);
  return app?.kind === 'signed' ? app : undefined;
}

/** For a page whose forms may lead on to the app. */
export async function formsToApp(
  services: AppServices,
  returnTo: string | undefined,
): Promise<Pick<Page, 'formOrigin'>> {
  const way = await appOnTheWay(services, returnTo);
  return way ? { formOrigin: way.formOrigin } : {};
}

/** The person as this request has read them. */
export function visitorIn({ clock }: Pick<PageServices, 'clock'>, person: SignedIn): Visitor {
  return visitorOf(person, person.context.person?.memberships ?? [], clock());
}

/** Whether the person may use the app now. */
export function accessOf(
  services: Pick<PageServices, 'clock'>,
  { demand }: Pick<AppOnTheWay, 'demand'>,
  person: SignedIn,
): Access {
  return accessTo(demand, visitorIn(services, person));
}

/** Whether a step-up is what the app asks for next. */
export function asksForStepUp({ kind }: Access): boolean {
  return kind === 'stale' || kind === 'second step' || kind === 'sign in';
}

/** The only methods that the app accepts; undefined: any. */
export function methodsFor({ demand }: Pick<AppOnTheWay, 'demand'>): readonly MethodId[] | undefined {
  return demand.proof === 'strong' ? STRONG_METHODS : undefined;
}

/** Those of the apps that the person may use now, or once they have proven what is missing. */
export function appsOpenTo<One extends App>(
  services: Pick<PageServices, 'clock'>,
  apps: readonly One[],
  person: SignedIn,
): readonly One[] {
  const visitor = visitorIn(services, person);
  return apps.filter((app) => {
    const access = accessTo(app, visitor);
    return access.kind === 'allowed' || canBeMet(access);
  });
}

/** The app whose host is in the query; throws NotFound. */
export async function appOfHost(
  { apps }: Pick<PageServices, 'apps'>,
  { query: { host } }: Request,
): Promise<HostApp> {
  const app = typeof host === 'string' ? await apps.findByHost(host) : undefined;
  if (!app) throw new NotFound();
  return app;
}

/** Where a sign-in leads in the end. Without a page to return to, somebody's only app is opened. */
export async function afterSignIn({ apps }: Pick<PageServices, 'apps'>, returnTo: string): Promise<string> {
  return returnTo === '/' && (await apps.any()) ? START : returnTo;
}
