import type { Store } from 'express-session';
import type { Logger } from 'pino';
import type { Accounts } from './accounts/accounts.ts';
import type { Credentials } from './accounts/credentials.ts';
import type { EmailChanges } from './accounts/email-changes.ts';
import type { KnownDevices } from './accounts/known-devices.ts';
import type { PasswordSignIn } from './accounts/password-sign-in.ts';
import type { ProfileChanges } from './accounts/profile-changes.ts';
import type { Registration } from './accounts/registration.ts';
import type { SignIns } from './accounts/sign-ins.ts';
import type { Administration } from './administration/administration.ts';
import type { People } from './administration/people.ts';
import type { PeopleImport } from './administration/people-import.ts';
import type { ResetRequests } from './administration/reset-requests.ts';
import type { Audit } from './audit/audit.ts';
import type { MailedCodes } from './codes/mailed-codes.ts';
import type { Words } from './kernel/i18n.ts';
import type { Keyring } from './kernel/keyring.ts';
import type { Clock } from './kernel/time.ts';
import type { Submissions } from './limits/submissions.ts';
import type { MailQueue } from './mail/queue.ts';
import type { Adoption } from './policy/adoption.ts';
import type { Groups } from './policy/groups.ts';
import type { PolicyImpact } from './policy/impact.ts';
import type { Policies } from './policy/policies.ts';
import type { Reminders } from './policy/reminders.ts';
import type { PolicyReport } from './policy/report.ts';
import type { SettingsChanges } from './policy/settings-changes.ts';
import type { AuthSnapshots } from './policy/snapshot.ts';
import type { SettingsStore } from './settings/settings.ts';
import type { Completion } from './sign-in/completion.ts';
import type { SignInFlow } from './sign-in/sign-in-flow.ts';
import type { StepUp } from './sign-in/step-up.ts';
import type { TrustedBrowsers } from './sign-in/trusted-browsers.ts';
import type { Authenticators } from './two-factor/authenticator.ts';
import type { AuthenticatorChanges } from './two-factor/authenticator-changes.ts';
import type { Enrolments } from './two-factor/authenticator-enrolments.ts';
import type { Methods } from './two-factor/methods/registry.ts';
import type { RecoveryCodes } from './two-factor/recovery-codes.ts';
import type { SecondStep } from './two-factor/second-step.ts';

/** The part of the configuration that pages need. */
export interface SiteConfig {
  /** The public origin, without a path; links and cookies follow it, never a request's headers. */
  readonly baseUrl: string;
  /** Express's `trust proxy`: whose X-Forwarded-For is trusted. */
  readonly trustProxy: number | readonly string[] | false;
  /** URL of the help center; undefined: no link to it. */
  readonly helpCenterUrl: string | undefined;
  /** Where the metrics are served; undefined: nowhere. */
  readonly metrics: { readonly port: number | undefined; readonly token: string | undefined } | undefined;
  /** Who may ask for forward-auth checks: addresses and subnets, or who has the token. Neither: nobody. */
  readonly guard: { readonly proxies: readonly string[]; readonly token: string | undefined };
}

/** Checks a dependency; rejects if it is down. */
export type Ping = () => Promise<void>;

/** What the site cannot work without. */
export const DEPENDENCIES = ['database', 'sessions'] as const;
export type Dependency = (typeof DEPENDENCIES)[number];

export interface MeasuredRequest {
  /** The route pattern, such as "/admin/people/:id"; "none" if there is no such page. */
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly milliseconds: number;
}

/** Metrics in a text format, with its media type. */
export interface Exposition {
  readonly type: string;
  readonly text: string;
}

/** Metrics for monitoring. */
export interface Measures {
  request(request: MeasuredRequest): void;
  /** All metrics; `missing` are the dependencies that do not answer now. */
  read(missing: readonly Dependency[]): Promise<Exposition>;
}

/** All services, made by composition; the command line uses the same. */
export interface Services {
  readonly site: SiteConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly words: Words;
  readonly keyring: Keyring;
  readonly accounts: Accounts;
  readonly people: People;
  readonly authenticators: Authenticators;
  readonly snapshots: AuthSnapshots;
  readonly settings: SettingsStore;
  readonly settingsChanges: SettingsChanges;
  readonly audit: Audit;
  readonly passwordSignIn: PasswordSignIn;
  readonly knownDevices: KnownDevices;
  readonly registration: Registration;
  readonly peopleImport: PeopleImport;
  readonly mails: MailQueue;
  readonly credentials: Credentials;
  readonly emailChanges: EmailChanges;
  readonly profileChanges: ProfileChanges;
  readonly administration: Administration;
  readonly resetRequests: ResetRequests;
  readonly groups: Groups;
  readonly policies: Policies;
  readonly policyReport: PolicyReport;
  readonly policyImpact: PolicyImpact;
  readonly adoption: Adoption;
  readonly reminders: Reminders;
  readonly methods: Methods;
  readonly codes: MailedCodes;
  readonly secondStep: SecondStep;
  readonly enrolments: Enrolments;
  readonly authenticatorChanges: AuthenticatorChanges;
  readonly recoveryCodes: RecoveryCodes;
  readonly trustedBrowsers: TrustedBrowsers;
  readonly signIns: SignIns;
  readonly signInFlow: SignInFlow;
  readonly completion: Completion;
  readonly stepUp: StepUp;
  readonly sessionStore: Store;
  readonly submissions: Submissions;
  readonly parts: Readonly<Record<Dependency, Ping>>;
  /** Undefined if metrics are off: then nothing is measured. */
  readonly measures: Measures | undefined;
}
