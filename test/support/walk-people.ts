import type { Account } from '../../src/accounts/account.ts';
import type { AuthenticatorApp } from './authenticator-app.ts';
import type { TestPortal } from './portal.ts';
import { quickAccount } from './quick-account.ts';
import { newEmail } from './victim.ts';

/** A person on a random walk, with what the model knows about them. */
export interface Somebody {
  readonly account: Account;
  app: AuthenticatorApp | undefined;
  lastStep: number;
  epoch: number;
  /** Raised by everything that ends the trust of the person's browsers. */
  trustEra: number;
  recoveryCodes: string[];
}

export async function newPerson(portal: TestPortal, name: string): Promise<Somebody> {
  const email = newEmail(name);
  const account = await quickAccount(portal, { email, name: email });
  return {
    account,
    app: undefined,
    lastStep: 0,
    epoch: account.sessionEpoch,
    trustEra: 0,
    recoveryCodes: [],
  };
}

/** The time step of RFC 6238. */
export function stepAt(now: number): number {
  return Math.floor(now / 30_000);
}

/** An element of a list, chosen by any number. */
export function at<T>(list: readonly T[], index: number): T {
  const found = list[index % list.length];
  if (found === undefined) throw new Error('The list is empty.');
  return found;
}
