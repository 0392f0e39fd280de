import type { Accounts } from '../accounts/accounts.ts';
import type { Administrators } from '../accounts/administrators.ts';
import type { Links } from '../accounts/links.ts';
import type { Registration } from '../accounts/registration.ts';
import type { Audit } from '../audit/audit.ts';
import type { Attempts } from '../codes/attempts.ts';
import type { AfterResponse } from '../kernel/after-response.ts';
import type { Clock } from '../kernel/time.ts';
import type { Transact } from '../kernel/transaction.ts';
import type { RateLimit } from '../limits/rate-limit.ts';
import type { Mailer } from '../mail/mailer.ts';
import type { Notices } from '../mail/notices.ts';
import type { SettingsStore } from '../settings/settings.ts';
import type { Authenticators } from '../two-factor/authenticator.ts';
import type { TrustedBrowserStore } from '../two-factor/trusted-browser.ts';
import { Administration } from './administration.ts';
import type { People } from './people.ts';
import { PeopleImport } from './people-import.ts';
import type { ResetRequestStore } from './reset-request.ts';
import { ResetRequests } from './reset-requests.ts';

interface AdministrationStores {
  readonly people: People;
  readonly resetRequests: ResetRequestStore;
  readonly trustedBrowsers: TrustedBrowserStore;
}

interface AdministrationBase {
  readonly clock: Clock;
  readonly background: AfterResponse;
  readonly transaction: Transact;
  /** Runs decisions over people one at a time, each in a transaction. */
  readonly policyLock: Transact;
  readonly settings: SettingsStore;
  readonly rateLimit: RateLimit;
  readonly audit: Audit;
  readonly mails: Mailer;
  readonly notices: Notices;
  readonly attempts: Attempts;
  readonly accounts: Accounts;
  readonly administrators: Administrators;
  readonly links: Links;
  readonly registration: Registration;
  readonly authenticators: Authenticators;
}

export function composeAdministration(stores: AdministrationStores, base: AdministrationBase) {
  const { people, trustedBrowsers: trust } = stores;
  const administration = new Administration({ ...base, trust });
  const parts = { ...base, administration, post: base.mails };
  return {
    ...{ people, administration },
    peopleImport: new PeopleImport(parts),
    resetRequests: new ResetRequests({ ...parts, store: stores.resetRequests }),
  };
}
