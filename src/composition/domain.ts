import type { Knex } from 'knex';
import { Administrators } from '../accounts/administrators.ts';
import { Credentials } from '../accounts/credentials.ts';
import { EmailChanges } from '../accounts/email-changes.ts';
import { KnownDevices } from '../accounts/known-devices.ts';
import { Links } from '../accounts/links.ts';
import { PasswordSignIn } from '../accounts/password-sign-in.ts';
import { ProfileChanges } from '../accounts/profile-changes.ts';
import { Registration } from '../accounts/registration.ts';
import { SignIns } from '../accounts/sign-ins.ts';
import { Administration } from '../administration/administration.ts';
import { PeopleImport } from '../administration/people-import.ts';
import { ResetRequests } from '../administration/reset-requests.ts';
import { Audit, type AuditObserver } from '../audit/audit.ts';
import { Attempts } from '../codes/attempts.ts';
import { Challenges } from '../codes/challenges.ts';
import { MailedCodes } from '../codes/mailed-codes.ts';
import type { AfterResponse } from '../kernel/after-response.ts';
import type { Words } from '../kernel/i18n.ts';
import type { Keyring } from '../kernel/keyring.ts';
import type { Random } from '../kernel/random.ts';
import type { Clock } from '../kernel/time.ts';
import type { Transact } from '../kernel/transaction.ts';
import { type ClientLimits, clientBudgets } from '../limits/client-budget.ts';
import { FailureBackoff } from '../limits/failure-backoff.ts';
import { RateLimit } from '../limits/rate-limit.ts';
import { Notices } from '../mail/notices.ts';
import type { MailQueue } from '../mail/queue.ts';
import { Adoption } from '../policy/adoption.ts';
import { Groups } from '../policy/groups.ts';
import { PolicyImpact } from '../policy/impact.ts';
import { Policies } from '../policy/policies.ts';
import { Reminders } from '../policy/reminders.ts';
import { PolicyReport } from '../policy/report.ts';
import { SettingsChanges } from '../policy/settings-changes.ts';
import type { MethodId } from '../settings/method-ids.ts';
import type { SettingsStore } from '../settings/settings.ts';
import { Completion } from '../sign-in/completion.ts';
import { SignInFlow } from '../sign-in/sign-in-flow.ts';
import { StepUp } from '../sign-in/step-up.ts';
import { TrustedBrowsers } from '../sign-in/trusted-browsers.ts';
import { KnexAccounts } from '../storage/accounts.ts';
import { KnexAuditStore } from '../storage/audit.ts';
import { KnexAuthSnapshots } from '../storage/auth-snapshots.ts';
import { KnexAuthenticators } from '../storage/authenticators.ts';
import { KnexChallengeStore } from '../storage/challenges.ts';
import { KnexBudgetStore } from '../storage/client-budgets.ts';
import { KnexCohortStore } from '../storage/cohorts.ts';
import { KnexGraceStore } from '../storage/graces.ts';
import { KnexGroupStore } from '../storage/groups.ts';
import { KnexBackoffStore, KnexRateLimitStore } from '../storage/limits.ts';
import { KnexLinkStore } from '../storage/links.ts';
import { KnexPeople } from '../storage/people.ts';
import { KnexRecoveryCodeStore } from '../storage/recovery-codes.ts';
import { KnexReminderStore } from '../storage/reminders.ts';
import { KnexResetRequestStore } from '../storage/reset-requests.ts';
import { KnexSignInStore } from '../storage/sign-ins.ts';
import { policyLockOn } from '../storage/sql/policy-lock.ts';
import { KnexTotpStepStore } from '../storage/totp-steps.ts';
import { KnexTrustedBrowserStore } from '../storage/trusted-browsers.ts';
import { AuthenticatorChanges } from '../two-factor/authenticator-changes.ts';
import { Enrolments } from '../two-factor/authenticator-enrolments.ts';
import { allMethods } from '../two-factor/methods/registry.ts';
import { RecoveryCodes } from '../two-factor/recovery-codes.ts';
import { SecondStep } from '../two-factor/second-step.ts';

interface DomainBase {
  readonly clock: Clock;
  readonly random: Random;
  readonly words: Words;
  readonly settings: SettingsStore;
  readonly keyring: Keyring;
  readonly mails: MailQueue;
  readonly clientLimits: ClientLimits;
  readonly background: AfterResponse;
  readonly transaction: Transact;
  readonly recorded: AuditObserver;
  readonly proven: (method: MethodId) => void;
  /** Called with errors that no page waits for. */
  readonly report: (error: unknown) => void;
}

/** The domain over its stores in the database. */
export function composeDomain(
  db: Knex,
  { mails: post, recorded, report, clientLimits, ...base }: DomainBase,
) {
  const { clock, random, keyring, transaction } = base;
  const accounts = new KnexAccounts(db);
  const snapshots = new KnexAuthSnapshots(db);
  const authenticators = new KnexAuthenticators(db);
  const audit = new Audit({ store: new KnexAuditStore(db), clock, transaction, observe: recorded });
  const links = new Links(new KnexLinkStore(db), clock);
  const throttle = new FailureBackoff(new KnexBackoffStore(db), clock);
  const clients = clientBudgets(new KnexBudgetStore(db), clock, clientLimits);
  const rateLimit = new RateLimit(new KnexRateLimitStore(db), clock);
  const notices = new Notices(post, clock);
  const attempts = new Attempts({ throttle, audit, transaction });
  const challenges = new Challenges({ store: new KnexChallengeStore(db), keyring, random, clock });
  const codes = new MailedCodes({ challenges, rateLimit, post, audit, report });
  const methods = allMethods({ keyring, totpSteps: new KnexTotpStepStore(db), codes, clock });
  const groupStore = new KnexGroupStore(db);
  const administrators = new Administrators({ ...base, accounts, notices });
  const policies = new Policies({ groups: groupStore, graces: new KnexGraceStore(db), clock });
  const trust = new KnexTrustedBrowserStore(db);
  const shared = {
    ...base,
    ...{
      post,
      accounts,
      administrators,
      authenticators,
      audit,
      links,
      throttle,
      attempts,
      rateLimit,
      clients,
      notices,
      methods,
      trust,
    },
    ...{ snapshots, policies, policyLock: policyLockOn(transaction) },
  };
  const policyReport = new PolicyReport({ ...shared, cohorts: new KnexCohortStore(db), groups: groupStore });
  const administration = new Administration(shared);
  const registration = new Registration(shared);
  const signIns = new SignIns({ ...shared, store: new KnexSignInStore(db) });
  const trustedBrowsers = new TrustedBrowsers({ ...shared, store: trust });
  const completion = new Completion({ ...shared, signIns });
  return {
    ...{ accounts, authenticators, audit, snapshots, policies, policyReport },
    people: new KnexPeople(db),
    groups: new Groups({ ...shared, store: groupStore }),
    policyImpact: new PolicyImpact({ ...shared, policyReport, groups: groupStore }),
    adoption: new Adoption({ ...shared, policyReport }),
    reminders: new Reminders({ ...shared, policyReport, store: new KnexReminderStore(db) }),
    methods,
    codes,
    passwordSignIn: new PasswordSignIn(shared),
    knownDevices: new KnownDevices(keyring, clock),
    registration,
    peopleImport: new PeopleImport({ ...shared, registration }),
    credentials: new Credentials(shared),
    emailChanges: new EmailChanges({ ...shared, codes }),
    profileChanges: new ProfileChanges(shared),
    administration,
    resetRequests: new ResetRequests({ ...shared, administration, store: new KnexResetRequestStore(db) }),
    settingsChanges: new SettingsChanges(shared),
    secondStep: new SecondStep(shared),
    recoveryCodes: new RecoveryCodes({ ...shared, store: new KnexRecoveryCodeStore(db) }),
    ...{ signIns, trustedBrowsers, completion },
    signInFlow: new SignInFlow({ ...shared, trustedBrowsers, completion }),
    stepUp: new StepUp({ ...shared, completion }),
    enrolments: new Enrolments(shared),
    authenticatorChanges: new AuthenticatorChanges(shared),
  };
}
