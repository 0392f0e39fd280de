import type { Request, Response } from 'express';
import type { Actor } from '../../audit/audit.ts';
import type { PresentedTrust, TrustBasis } from '../../two-factor/trusted-browsers.ts';
import type { HalfWay } from '../../web/standing.ts';
import { TrustCookie } from '../../web/trust-cookie.ts';
import type { PageServices } from '../page-services.ts';

/** Trusts this browser from now on, as the person wished. */
export async function trustBrowser(services: PageServices, who: HalfWay, response: Response): Promise<void> {
  const { account, authenticators, policy, visit, actor } = who;
  const basis = { account, authenticators, policy, trustDays: visit.settings.trustDays };
  const outcome = await services.trustedBrowsers.trust(basis, actor);
  if (outcome) trustCookie(services).set(response, outcome.cookie, outcome.expiresAt);
}

/** What this browser brings along; to be read before the password is checked, which takes its time. */
export async function presentedTrust(
  services: PageServices,
  request: Request,
): Promise<PresentedTrust | undefined> {
  const cookie = trustCookie(services).read(request);
  return cookie === undefined ? undefined : services.trustedBrowsers.present(cookie);
}

/** Whether the browser that brought this along is trusted for the person whose password was right; its token is renewed. */
export async function isTrusted(
  services: PageServices,
  presented: PresentedTrust | undefined,
  basis: TrustBasis,
  actor: Actor,
  response: Response,
): Promise<boolean> {
  if (!presented) return false;
  const outcome = await services.trustedBrowsers.check(presented, basis, actor);
  if (outcome.kind === 'trusted') trustCookie(services).set(response, outcome.cookie, outcome.expiresAt);
  return outcome.kind === 'trusted';
}

function trustCookie({ site }: PageServices): TrustCookie {
  return new TrustCookie(site.baseUrl.startsWith('https:'));
}
