import type { Instant } from '../time.ts';
import { type Grace, NO_GRACE } from '../two-factor/grace.ts';
import type { LaidDownRule } from '../two-factor/personal-policy.ts';
import type { Policy } from '../two-factor/policy.ts';

/** In characters. */
export const LONGEST_SITE_NAME = 60;

/** How carefully a second factor is reset. */
export interface ResetRules {
  /** Whether a second administrator has to approve. */
  readonly secondApproval: boolean;
  /** Hours between the last approval and the reset; 0: at once. */
  readonly waitingHours: number;
}

export const LONGEST_WAITING_HOURS = 168;
export const LONGEST_TRUST_DAYS = 365;

/** What administrators decide for the whole site. */
export interface Settings {
  /** The name in the header, in mails, and the issuer in authenticator apps. */
  readonly siteName: string;
  /** How to reach the help desk's administrator: an address, a phone number, a sentence. Empty: none was given. */
  readonly helpContact: string;
  /** Sender address of the mails; empty: the one of the environment. */
  readonly sender: string;
  /** Whether strangers may create an account with a confirmed e-mail address. */
  readonly signUp: boolean;
  /** For everybody; a group's rule, or a person's, may be stricter. */
  readonly twoFactor: Policy;
  /** How long 2FA may be put off where the site's rule makes it mandatory. */
  readonly grace: Grace;
  /** Since when the site's rule has been mandatory; 0 while it is not. */
  readonly mandatorySince: Instant;
  /** For so many days a browser may be trusted: it is not asked for a code at sign-in. 0: never. */
  readonly trustDays: number;
  readonly resets: ResetRules;
}

export const DEFAULT_SETTINGS: Settings = {
  siteName: 'Help Center',
  helpContact: '',
  sender: '',
  signUp: false,
  twoFactor: { rule: 'optional', methods: ['app', 'email'] },
  grace: NO_GRACE,
  mandatorySince: 0,
  trustDays: 0,
  resets: { secondApproval: false, waitingHours: 0 },
};

/** The site's rule, as one among others. */
export function siteRule({ twoFactor, grace, mandatorySince }: Settings): LaidDownRule {
  return { ...twoFactor, grace, since: mandatorySince };
}

export interface SettingsStore {
  /** The settings as they stand now, on every instance. */
  read(): Promise<Settings>;
  /** As they stood within the last second: nothing that is decided by them may be decided by these. */
  recent(): Promise<Settings>;
  change(changes: Partial<Settings>): Promise<Settings>;
}
