import type { Request, Response } from 'express';
import type { Account } from '../../accounts/account.ts';
import type { DeviceOf } from '../../accounts/password-sign-in.ts';
import { siteRule } from '../../settings/settings.ts';
import type { PresentedTrust } from '../../sign-in/trusted-browsers.ts';
import { contextOf } from '../../web/context.ts';
import { DeviceCookie } from '../../web/device-cookie.ts';
import type { PageServices } from '../page-services.ts';

/** Marks this browser as known: the account has signed in here, or has opened a mailed link here. */
export function rememberDevice(
  { knownDevices, site }: PageServices,
  account: Account,
  request: Request,
  response: Response,
): void {
  const cookie = deviceCookie(site);
  const { cookie: value, expiresAt } = knownDevices.mark(account, cookie.read(request));
  cookie.set(response, value, expiresAt);
}

/** Finds which known device of an account this browser is, by its device cookie or its trust; undefined if none. */
export function deviceOf(
  services: PageServices,
  request: Request,
  presented: PresentedTrust | undefined,
): DeviceOf {
  return async (account) => {
    const { knownDevices, site } = services;
    const device = knownDevices.find(account, deviceCookie(site).read(request));
    if (device !== undefined || !presented) return device;
    return (await trusts(services, presented, account, request))
      ? `trust:${presented.browser.id}`
      : undefined;
  };
}

async function trusts(
  { trustedBrowsers, authenticators, policies }: PageServices,
  presented: PresentedTrust,
  account: Account,
  request: Request,
): Promise<boolean> {
  if (presented.browser.accountId !== account.id) return false;
  const { settings } = contextOf(request);
  return trustedBrowsers.holds(presented, {
    account,
    authenticators: await authenticators.of(account.id),
    policy: await policies.of(account, siteRule(settings)),
    trustDays: settings.trustDays,
  });
}

function deviceCookie({ baseUrl }: PageServices['site']): DeviceCookie {
  return new DeviceCookie(baseUrl.startsWith('https:'));
}
