import { type Access, accessTo, type Visitor, visitorOf } from '../../apps/access.ts';
import type { App } from '../../apps/app.ts';
import { type MethodId, STRONG_METHODS } from '../../settings/method-ids.ts';
import type { SignedIn } from '../../web/auth-state.ts';
import { safeReturnPath } from '../../web/paths.ts';
import type { Page } from '../../web/rendering.ts';
import type { PageServices } from '../page-services.ts';

/** The page that hands a sign-in over to an app. Whatever is asked for on the way leads back to it. */
export const OPEN_APP = '/apps/open';

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
