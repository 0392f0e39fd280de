import type { Request } from 'express';
import type { PresentedTrust } from '../../sign-in/trusted-browsers.ts';
import { TrustCookie } from '../../web/trust-cookie.ts';
import type { PageServices } from '../page-services.ts';

/** The trust that this browser presents. Read it before the slow check of the password (see `TrustedBrowsers.check`). */
export async function presentedTrust(
  services: Pick<PageServices, 'site' | 'trustedBrowsers'>,
  request: Request,
): Promise<PresentedTrust | undefined> {
  const cookie = trustCookie(services).read(request);
  return cookie === undefined ? undefined : services.trustedBrowsers.present(cookie);
}

export function trustCookie({ site }: Pick<PageServices, 'site'>): TrustCookie {
  return new TrustCookie(site.baseUrl.startsWith('https:'));
}
