import type { Request } from 'express';
import { type Access, accessTo, canBeMet, type Visitor, visitorOf } from '../../apps/access.ts';
import type { App } from '../../apps/app.ts';
import { type MethodId, STRONG_METHODS } from '../../settings/method-ids.ts';
import type { SignedIn } from '../../web/auth-state.ts';
import { NotFound } from '../../web/http-errors.ts';
import { safeReturnPath } from '../../web/paths.ts';
import type { Page } from '../../web/rendering.ts';
import type { PageServices } from '../page-services.ts';

/** The page that hands a sign-in over to an app. Whatever is asked for on the way leads back to it. */
export const OPEN_APP = '/apps/open';

/** Opens somebody's only app. */
export const START = '/apps/start';

type AppServices = Pick<PageServices, 'apps'>;

/** The app that a page to return to leads to; undefined if it leads elsewhere on the site, or the app no longer exists. */
export async function appOnTheWay(
  { apps }: AppServices,
  returnTo: string | undefined,
): Promise<App | undefined> {
  const safe = safeReturnPath(returnTo);
  if (!safe.startsWith(`${OPEN_APP}?`)) return undefined;
  const host = new URLSearchParams(safe.slice(OPEN_APP.length)).get('host');
  return host === null ? undefined : apps.findByHost(host);
}

/**
 * The origin that the forms of a page may redirect to: that of the app that the person is on the way to, and of no other. The
 * redirect after the last of these forms goes on to the app's host, and browsers apply `form-action` to it, too.
 */
export async function formsToApp(
  services: AppServices,
  returnTo: string | undefined,
): Promise<Pick<Page, 'formOrigin'>> {
  const app = await appOnTheWay(services, returnTo);
  return app ? { formOrigin: app.origin } : {};
}

/** The person as this request has read them. */
export function visitorIn({ clock }: Pick<PageServices, 'clock'>, person: SignedIn): Visitor {
  return visitorOf(person, person.context.person?.memberships ?? [], clock());
}

/** Whether the person may use the app now. */
export function accessOf(services: Pick<PageServices, 'clock'>, app: App, person: SignedIn): Access {
  return accessTo(app, visitorIn(services, person));
}

/** Whether a step-up is what the app asks for next. */
export function asksForStepUp({ kind }: Access): boolean {
  return kind === 'stale' || kind === 'second step' || kind === 'sign in';
}

/** The only methods that the app accepts; undefined: any. */
export function methodsFor({ proof }: Pick<App, 'proof'>): readonly MethodId[] | undefined {
  return proof === 'strong' ? STRONG_METHODS : undefined;
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
export async function appOfHost({ apps }: AppServices, { query: { host } }: Request): Promise<App> {
  const app = typeof host === 'string' ? await apps.findByHost(host) : undefined;
  if (!app) throw new NotFound();
  return app;
}

/** Where a sign-in leads in the end. Without a page to return to, somebody's only app is opened. */
export async function afterSignIn({ apps }: AppServices, returnTo: string): Promise<string> {
  return returnTo === '/' && (await apps.all()).length > 0 ? START : returnTo;
}
