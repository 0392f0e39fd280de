import type { Knex } from 'knex';
import type { Instant } from '../kernel/time.ts';
import { KnexAppSecretStore } from './app-secrets.ts';
import { KnexAppSignInStore } from './app-sign-ins.ts';
import { KnexBudgetStore } from './client-budgets.ts';
import { KnexHandOverStore } from './hand-overs.ts';
import { KnexBackoffStore, KnexRateLimitStore } from './limits.ts';
import { KnexLinkStore } from './links.ts';
import { KnexLogoutStore } from './logouts.ts';
import { KnexMailStore } from './mails.ts';
import { KnexOidcModelStore } from './oidc-models.ts';
import { KnexSignInStore } from './sign-ins.ts';
import { KnexSigningKeyStore } from './signing-keys.ts';

/** Rows of one kind that expire. */
export interface Expiring {
  forget(now: Instant): Promise<void>;
}

/**
 * The stores with rows that nobody may ask for again once they expire. Challenges and trusted browsers are deleted when
 * their account gets the next one; the session store deletes its own.
 */
export function expiringRows(db: Knex): readonly Expiring[] {
  return [
    new KnexBackoffStore(db),
    new KnexRateLimitStore(db),
    new KnexBudgetStore(db),
    new KnexLinkStore(db),
    new KnexMailStore(db),
    new KnexLogoutStore(db),
    new KnexHandOverStore(db),
    new KnexOidcModelStore(db),
    new KnexSigningKeyStore(db),
    new KnexAppSecretStore(db),
    new KnexAppSignInStore(db),
    new KnexSignInStore(db),
  ];
}
