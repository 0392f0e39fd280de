import type { Request, Response } from 'express';
import type { Account } from '../../accounts/account.ts';
import type { DeviceOf } from '../../accounts/password-sign-in.ts';
import type { PresentedTrust } from '../../sign-in/trusted-browsers.ts';
import { contextOf } from '../../web/context.ts';
import { DeviceCookie } from '../../web/device-cookie.ts';
import type { PageServices } from '../page-services.ts';

type DeviceServices = Pick<PageServices, 'knownDevices' | 'signInFlow' | 'site'>;

/** Marks this browser as known: the account has signed in here, or has opened a mailed link here. */
export function rememberDevice(
  { knownDevices, site }: Pick<PageServices, 'knownDevices' | 'site'>,
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
  { knownDevices, signInFlow, site }: DeviceServices,
  request: Request,
  presented: PresentedTrust | undefined,
): DeviceOf {
  return async (account) => {
    const device = knownDevices.find(account, deviceCookie(site).read(request));
    if (device !== undefined || !presented) return device;
    const isTrusted = await signInFlow.trusts(presented, account, contextOf(request).settings);
    return isTrusted ? `trust:${presented.browser.id}` : undefined;
  };
}

function deviceCookie({ baseUrl }: PageServices['site']): DeviceCookie {
  return new DeviceCookie(baseUrl.startsWith('https:'));
}
