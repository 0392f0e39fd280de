import type { Notice } from '../post/post.ts';
import type { Purpose } from '../two-factor/challenges.ts';
import type { RuleSource } from '../two-factor/personal-policy.ts';
import type { MessageKey } from '../words.ts';

/** What a code is for, and what it means when somebody else asked for it. */
export const CODE_WORDS: Readonly<
  Record<Purpose, { readonly intro: MessageKey; readonly unasked: MessageKey }>
> = {
  'sign-in': { intro: 'mail.code-sign-in', unasked: 'mail.code-unasked' },
  'step-up': { intro: 'mail.code-step-up', unasked: 'mail.code-unasked' },
  enrolment: { intro: 'mail.code-enrolment', unasked: 'mail.code-unasked' },
  // It goes to a mailbox whose owner may never have heard of the site.
  'e-mail change': { intro: 'mail.code-address', unasked: 'mail.code-address-unasked' },
};

/** What happened, as a sentence. */
export const NOTICE_TEXTS: Readonly<Record<Notice, MessageKey>> = {
  'authenticator created': 'mail.created',
  'authenticator renamed': 'mail.renamed',
  'authenticator removed': 'mail.removed',
  'authenticator blocked': 'mail.blocked',
  'authenticator replaced': 'mail.replaced',
  'recovery codes created': 'mail.recovery-created',
  'recovery code used': 'mail.recovery-used',
  'trusted browser copied': 'mail.trust-copied',
  'two-factor reset': 'mail.two-factor-reset',
  'authenticators freed': 'mail.freed',
  'reset refused': 'mail.reset-refused',
  'reset request cancelled': 'mail.reset-cancelled',
  'password changed': 'mail.password-changed',
  'e-mail changed': 'mail.email-changed',
  'second step failed': 'mail.second-step-failed',
  'sessions ended': 'mail.sessions-ended',
  'account disabled': 'mail.account-disabled',
  'account enabled': 'mail.account-enabled',
  'role changed': 'mail.role-changed',
  'two-factor enforced': 'mail.enforced',
  'two-factor enforcement lifted': 'mail.lifted',
  'group joined': 'mail.group-joined',
  'group left': 'mail.group-left',
};

/** Why 2FA is mandatory for somebody. */
export const REASON_WORDS: Readonly<Record<RuleSource['kind'], MessageKey>> = {
  site: 'because.mandatory-site',
  group: 'because.mandatory-group',
  person: 'because.mandatory-person',
};
