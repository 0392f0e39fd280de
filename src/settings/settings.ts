import { z } from 'zod';
import type { Instant } from '../kernel/time.ts';
import { UTC } from '../kernel/time-zone.ts';
import {
  languageOfCatalogue,
  line,
  numberUpTo,
  onOff,
  optionalEmail,
  type SpecialDefinition,
  together,
  zoneOfDatabase,
} from './definition.ts';
import { type Grace, graceFact, NO_GRACE, storedGrace } from './grace.ts';
import { storedMethods } from './method-ids.ts';
import { type Policy, type PolicyRule, TWO_FACTOR_RULES } from './rule.ts';

/** In characters. */
export const LONGEST_SITE_NAME = 60;
const LONGEST_CONTACT = 200;

const LONGEST_WAITING_HOURS = 168;
const LONGEST_TRUST_DAYS = 365;

/**
 * Every setting of the site: a row of the table `settings`, in the order of the audit log's details. Form, storage, audit
 * log and command line read it. A new setting is an entry here, its words in the catalogues, and its place in the form
 * (`PLACES` in pages/admin/policy/setting-fields.ts).
 */
export const SETTINGS = {
  /** The rule for everybody; a group's or a person's may be stricter. Special: groups have the same form and the same options. */
  twoFactor: {
    default: { rule: 'optional', methods: ['app', 'email'] },
    stored: z.object({ rule: z.enum(TWO_FACTOR_RULES), methods: storedMethods }),
    audited: ({ rule, methods }) => ({ rule, methods: methods.join(', ') }),
    // A browser is trusted under the policy that holds; a later return to it must not bring the trust back.
    endsTrust: true,
  } as SpecialDefinition<Policy>,
  /** How long 2FA may be put off where the site's rule makes it mandatory. Special: as for the rule. */
  grace: {
    default: NO_GRACE,
    stored: storedGrace,
    audited: (grace) => ({ grace: graceFact(grace) }),
  } as SpecialDefinition<Grace>,
  /** Since when the site's rule has been mandatory; 0 while it is not. Special: it follows from the rule. */
  mandatorySince: { default: 0, stored: z.number().int().min(0) } as SpecialDefinition<Instant>,
  /** Sender address of the mails; empty: the one of the environment. */
  sender: optionalEmail({
    default: '',
    words: { label: 'policy.sender', hint: 'policy.sender-hint', audit: 'audit-detail.sender' },
    // Mails that warn administrators may stop arriving.
    weakens: (before, after) => after !== before,
  }),
  /** How to reach the help desk's administrator: an address, a phone number, a sentence. Empty: none was given. */
  helpContact: line(LONGEST_CONTACT, {
    default: '',
    words: {
      label: 'policy.help-contact',
      hint: 'policy.help-contact-hint',
      audit: 'audit-detail.help-contact',
    },
  }),
  /** Whether strangers may create an account with a confirmed email address. */
  signUp: onOff({
    default: false,
    words: {
      legend: 'policy.sign-up',
      label: 'policy.sign-up-allowed',
      hint: 'policy.sign-up-hint',
      audit: 'audit-detail.sign-up',
    },
  }),
  /** The name in the header, in mails, and the issuer in authenticator apps. */
  siteName: line(LONGEST_SITE_NAME, {
    default: 'Help Center',
    missing: 'error.site-name-missing',
    words: { label: 'policy.site-name', hint: 'policy.site-name-hint', audit: 'audit-detail.site-name' },
  }),
  /** How carefully a second factor is reset. One row: a change that makes resets easier waits as a whole. */
  resets: together<ResetRules>({
    /** Whether a second administrator has to approve. */
    secondApproval: onOff({
      default: false,
      words: {
        legend: 'policy.resets',
        label: 'policy.second-approval',
        hint: 'policy.second-approval-hint',
        audit: 'audit-detail.second-approval',
      },
      option: {
        argument: 'on|off',
        about: 'cli.option.second-approval',
        listed: 'cli.policy-second-approval',
      },
    }),
    /** Hours between the last approval and the reset; 0: at once. */
    waitingHours: numberUpTo(LONGEST_WAITING_HOURS, 'policy.waiting-hours-form', {
      default: 0,
      words: {
        label: 'policy.waiting-hours',
        hint: 'policy.waiting-hours-hint',
        audit: 'audit-detail.waiting-hours',
      },
      option: {
        argument: 'number',
        about: 'cli.option.waiting-hours',
        listed: 'cli.policy-waiting-hours',
        refused: 'cli.waiting-hours-form',
      },
    }),
  }),
  /** A change of `resets` that waits for another administrator; null while none does. Special: it has a page of its own. */
  pendingResets: {
    default: null,
    stored: z
      .object({
        id: z.string(),
        resets: z.object({ secondApproval: z.boolean(), waitingHours: z.number().int().min(0) }),
        askedAt: z.number(),
        askedBy: z.object({ id: z.string(), label: z.string() }),
        confirmableFrom: z.number(),
      })
      .nullable(),
  } as SpecialDefinition<PendingResets | null>,
  /** Days for which a browser may be trusted: it is not asked for a code at sign-in. 0: never. */
  trustDays: numberUpTo(LONGEST_TRUST_DAYS, 'policy.trust-days-form', {
    default: 0,
    words: {
      label: 'policy.trust-days',
      hint: 'policy.trust-days-hint',
      audit: 'audit-detail.trust-days',
    },
    weakens: (before, after) => after > before,
    endsTrust: true,
  }),
  /** Language for people without a known language, as a code of the catalogues. */
  language: languageOfCatalogue({
    default: 'en',
    words: { label: 'policy.language', hint: 'policy.language-hint', audit: 'audit-detail.language' },
    option: {
      argument: 'language',
      about: 'cli.option.site-language',
      listed: 'cli.policy-language',
      refused: 'cli.language-unknown',
    },
  }),
  /** Zone in which pages and mails name times, and whose days administrators mean. */
  timeZone: zoneOfDatabase({
    // Not the machine's: instances may run in several zones, containers mostly run in UTC.
    default: UTC,
    words: { label: 'policy.time-zone', hint: 'policy.time-zone-hint', audit: 'audit-detail.time-zone' },
    option: {
      argument: 'zone',
      about: 'cli.option.time-zone',
      listed: 'cli.policy-time-zone',
      refused: 'policy.time-zone-unknown',
    },
  }),
};

/** What administrators decide for the whole site. */
export type Settings = {
  readonly [Name in keyof typeof SETTINGS]: (typeof SETTINGS)[Name]['default'];
};

/** How carefully a second factor is reset. */
export interface ResetRules {
  /** Whether a second administrator has to approve. */
  readonly secondApproval: boolean;
  /** Hours between the last approval and the reset; 0: at once. */
  readonly waitingHours: number;
}

/** A change that makes resets easier, and waits for another administrator. */
export interface PendingResets {
  readonly id: string;
  readonly resets: ResetRules;
  readonly askedAt: Instant;
  /** The other administrator whose approval counts: the account, and its address as it was. */
  readonly askedBy: { readonly id: string; readonly label: string };
  /** From when another administrator can confirm it: the waiting period lies before it. */
  readonly confirmableFrom: Instant;
}

export const DEFAULT_SETTINGS = Object.fromEntries(
  Object.entries(SETTINGS).map(([name, definition]) => [name, definition.default]),
) as Settings;

/** The site's rule, as one among others. */
export function siteRule({ twoFactor, grace, mandatorySince }: Settings): PolicyRule {
  return { ...twoFactor, grace, since: mandatorySince };
}

export interface SettingsStore {
  /** The settings as they stand now, on every instance. */
  read(): Promise<Settings>;
  /** As they stood within the last second: not for decisions. */
  recent(): Promise<Settings>;
  change(changes: Partial<Settings>): Promise<Settings>;
}
