import type { Knex } from 'knex';
import { KnexAccounts } from './accounts.ts';
import { KnexAppSecretStore } from './app-secrets.ts';
import { KnexAppSignInStore, KnexAppSnapshots } from './app-sign-ins.ts';
import { KnexAppStore } from './apps.ts';
import { KnexAuditStore } from './audit.ts';
import { KnexAuthSnapshots } from './auth-snapshots.ts';
import { KnexAuthenticators } from './authenticators.ts';
import { KnexChallengeStore } from './challenges.ts';
import { KnexBudgetStore } from './client-budgets.ts';
import { KnexClientSignInStore } from './client-sign-ins.ts';
import { KnexCohortStore } from './cohorts.ts';
import { KnexConsentStore } from './consents.ts';
import { KnexGraceStore } from './graces.ts';
import { KnexGroupStore } from './groups.ts';
import { KnexHandOverStore } from './hand-overs.ts';
import { KnexBackoffStore, KnexRateLimitStore } from './limits.ts';
import { KnexLinkStore } from './links.ts';
import { KnexLogoutStore } from './logouts.ts';
import { KnexMailStore } from './mails.ts';
import { KnexOidcModelStore } from './oidc-models.ts';
import { KnexPeople } from './people.ts';
import { KnexRecoveryCodeStore } from './recovery-codes.ts';
import { KnexReminderStore } from './reminders.ts';
import { KnexResetRequestStore } from './reset-requests.ts';
import { KnexSettingsStore } from './settings.ts';
import { KnexSignInStore } from './sign-ins.ts';
import { KnexSigningKeyStore } from './signing-keys.ts';
import { KnexTotpStepStore } from './totp-steps.ts';
import { KnexTrustedBrowserStore } from './trusted-browsers.ts';

/** The domain's ports on this database. Each room takes its own by these names. */
export function storesOn(db: Knex) {
  return {
    backoff: new KnexBackoffStore(db),
    rateLimits: new KnexRateLimitStore(db),
    budgets: new KnexBudgetStore(db),
    audit: new KnexAuditStore(db),
    settings: new KnexSettingsStore(db),
    mails: new KnexMailStore(db),
    challenges: new KnexChallengeStore(db),
    accounts: new KnexAccounts(db),
    links: new KnexLinkStore(db),
    signIns: new KnexSignInStore(db),
    authenticators: new KnexAuthenticators(db),
    totpSteps: new KnexTotpStepStore(db),
    recoveryCodes: new KnexRecoveryCodeStore(db),
    trustedBrowsers: new KnexTrustedBrowserStore(db),
    snapshots: new KnexAuthSnapshots(db),
    groups: new KnexGroupStore(db),
    graces: new KnexGraceStore(db),
    cohorts: new KnexCohortStore(db),
    reminders: new KnexReminderStore(db),
    people: new KnexPeople(db),
    apps: new KnexAppStore(db),
    appSecrets: new KnexAppSecretStore(db),
    appSignIns: new KnexAppSignInStore(db),
    consents: new KnexConsentStore(db),
    appSnapshots: new KnexAppSnapshots(db),
    clientSignIns: new KnexClientSignInStore(db),
    logouts: new KnexLogoutStore(db),
    handOvers: new KnexHandOverStore(db),
    oidcModels: new KnexOidcModelStore(db),
    signingKeys: new KnexSigningKeyStore(db),
    resetRequests: new KnexResetRequestStore(db),
  };
}
