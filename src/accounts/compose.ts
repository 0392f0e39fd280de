import type { Audit } from '../audit/audit.ts';
import type { Attempts } from '../codes/attempts.ts';
import type { MailedCodes } from '../codes/mailed-codes.ts';
import type { AfterResponse } from '../kernel/after-response.ts';
import type { Keyring } from '../kernel/keyring.ts';
import type { Clock } from '../kernel/time.ts';
import type { Transact } from '../kernel/transaction.ts';
import type { ClientBudgets } from '../limits/client-budget.ts';
import type { FailureBackoff } from '../limits/failure-backoff.ts';
import type { RateLimit } from '../limits/rate-limit.ts';
import type { Mailer } from '../mail/mailer.ts';
import type { Notices } from '../mail/notices.ts';
import type { SettingsStore } from '../settings/settings.ts';
import type { Accounts } from './accounts.ts';
import { Administrators } from './administrators.ts';
import { Credentials } from './credentials.ts';
import { EmailChanges, type TrustInBrowsers } from './email-changes.ts';
import { EmailConfirmations } from './email-confirmations.ts';
import { KnownDevices } from './known-devices.ts';
import { type LinkStore, Links } from './links.ts';
import type { PasswordHasher } from './password-hasher.ts';
import { PasswordSignIn } from './password-sign-in.ts';
import { ProfileChanges } from './profile-changes.ts';
import { Registration } from './registration.ts';
import { type SignInStore, SignIns } from './sign-ins.ts';

interface AccountStores {
  readonly accounts: Accounts;
  readonly links: LinkStore;
  readonly signIns: SignInStore;
  readonly trustedBrowsers: TrustInBrowsers;
}

interface AccountBase {
  readonly clock: Clock;
  readonly keyring: Keyring;
  readonly background: AfterResponse;
  readonly transaction: Transact;
  /** Runs decisions over people one at a time, each in a transaction. */
  readonly policyLock: Transact;
  readonly settings: SettingsStore;
  readonly throttle: FailureBackoff;
  readonly rateLimit: RateLimit;
  readonly clients: ClientBudgets;
  readonly audit: Audit;
  readonly mails: Mailer;
  readonly notices: Notices;
  readonly attempts: Attempts;
  readonly codes: MailedCodes;
  readonly passwordHasher: PasswordHasher;
}

export function composeAccounts(stores: AccountStores, base: AccountBase) {
  const { accounts, trustedBrowsers: trust } = stores;
  const links = new Links(stores.links, base.clock);
  const administrators = new Administrators({ ...base, accounts });
  const parts = { ...base, accounts, links, administrators, trust, post: base.mails };
  return {
    ...{ accounts, links, administrators },
    passwordSignIn: new PasswordSignIn(parts),
    knownDevices: new KnownDevices(base.keyring, base.clock),
    signIns: new SignIns({ ...base, store: stores.signIns }),
    registration: new Registration(parts),
    credentials: new Credentials(parts),
    emailChanges: new EmailChanges(parts),
    emailConfirmations: new EmailConfirmations(parts),
    profileChanges: new ProfileChanges(parts),
  };
}
