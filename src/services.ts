import type { Store } from 'express-session';
import type { Logger } from 'pino';
import type { Accounts } from './accounts/accounts.ts';
import type { Administration } from './accounts/administration.ts';
import type { Credentials } from './accounts/credentials.ts';
import type { EmailChanges } from './accounts/email-changes.ts';
import type { Groups } from './accounts/groups.ts';
import type { PasswordSignIn } from './accounts/password-sign-in.ts';
import type { People } from './accounts/people.ts';
import type { PeopleImport } from './accounts/people-import.ts';
import type { ProfileChanges } from './accounts/profile-changes.ts';
import type { Registration } from './accounts/registration.ts';
import type { ResetRequests } from './accounts/reset-requests.ts';
import type { SignIns } from './accounts/sign-ins.ts';
import type { Standings } from './accounts/standings.ts';
import type { Audit } from './audit/audit.ts';
import type { Keyring } from './keyring.ts';
import type { MailQueue } from './post/mail-queue.ts';
import type { SettingsStore } from './settings/settings.ts';
import type { SettingsChanges } from './settings/settings-changes.ts';
import type { Clock } from './time.ts';
import type { Adoption } from './two-factor/adoption.ts';
import type { Authenticators } from './two-factor/authenticator.ts';
import type { AuthenticatorChanges } from './two-factor/authenticator-changes.ts';
import type { Census } from './two-factor/census.ts';
import type { Enrolments } from './two-factor/enrolments.ts';
import type { MailedCodes } from './two-factor/mailed-codes.ts';
import type { Methods } from './two-factor/methods/registry.ts';
import type { Policies } from './two-factor/policies.ts';
import type { Previews } from './two-factor/previews.ts';
import type { RecoveryCodes } from './two-factor/recovery-codes.ts';
import type { Reminders } from './two-factor/reminders.ts';
import type { SecondStep } from './two-factor/second-step.ts';
import type { TrustedBrowsers } from './two-factor/trusted-browsers.ts';
import type { Words } from './words.ts';

/** What of the environment the pages need to know. */
export interface SiteConfig {
  /** The public origin, without a path; links and cookies follow it, never a request's headers. */
  readonly baseUrl: string;
  /** Express's `trust proxy`: whose X-Forwarded-For is believed. */
  readonly trustProxy: number | readonly string[] | false;
  /** Where the help center is; undefined when there is no link to it. */
  readonly helpCenterUrl: string | undefined;
  /** Where the figures are read; undefined: nowhere. */
  readonly metrics: { readonly port: number | undefined; readonly token: string | undefined } | undefined;
}

/** Asks a part whether it is there; rejects when it is not. */
export type Ping = () => Promise<void>;

/** What the site stands on. */
export const PARTS = ['database', 'sessions'] as const;
export type Part = (typeof PARTS)[number];

export interface MeasuredRequest {
  /** The pattern of the page that answered, as "/admin/people/:id"; "none" where there is no such page. */
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly milliseconds: number;
}

/** Figures in a text format, with its media type. */
export interface Exposition {
  readonly type: string;
  readonly text: string;
}

/** What is measured for whoever watches over the portal. */
export interface Measures {
  request(request: MeasuredRequest): void;
  /** All the figures; `missing` are the parts that do not answer now. */
  read(missing: readonly Part[]): Promise<Exposition>;
}

/** Everything that the site stands on. Made by composition; the command line uses the same. */
export interface Services {
  readonly site: SiteConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly words: Words;
  readonly keyring: Keyring;
  readonly accounts: Accounts;
  readonly people: People;
  readonly authenticators: Authenticators;
  readonly standings: Standings;
  readonly settings: SettingsStore;
  readonly settingsChanges: SettingsChanges;
  readonly audit: Audit;
  readonly passwordSignIn: PasswordSignIn;
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
  readonly census: Census;
  readonly previews: Previews;
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
  readonly sessionStore: Store;
  readonly parts: Readonly<Record<Part, Ping>>;
  /** Undefined where nobody is to read them: then nothing is measured. */
  readonly measures: Measures | undefined;
}
