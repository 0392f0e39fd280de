import type { MessageKey } from '../kernel/i18n.ts';

interface MailDefinition {
  /** The subject line, by which lists name the mail, too. */
  readonly subject: MessageKey;
  /**
   * Warns of somebody who knows the password and perhaps nothing more. The page that caused it may be the thief's, so its
   * language does not count: the owner might not be able to read it.
   */
  readonly isWarning?: true;
}

interface LetterDefinition extends MailDefinition {
  /** In `views/mail`. */
  readonly view: string;
}

interface NoticeDefinition extends MailDefinition {
  /** What happened, as a sentence. */
  readonly text: MessageKey;
}

/** Mails with a view of their own. Their names are stored with each mail. */
export const LETTERS = {
  code: { subject: 'mail.code-subject', view: 'code' },
  'address taken': { subject: 'mail.address-taken-subject', view: 'address-taken' },
  invitation: { subject: 'mail.invitation-subject', view: 'invitation' },
  'password reset': { subject: 'mail.password-reset-subject', view: 'password-reset' },
  'sign-up': { subject: 'mail.sign-up-subject', view: 'sign-up' },
  'sign-up again': { subject: 'mail.sign-up-again-subject', view: 'sign-up-again' },
  'reset requested': {
    subject: 'mail.reset-requested-subject',
    view: 'reset-requested',
    isWarning: true,
  },
  'reset approved': { subject: 'mail.reset-approved-subject', view: 'reset-approved' },
  'two-factor reminder': { subject: 'mail.reminder-subject', view: 'two-factor-reminder' },
} as const satisfies Readonly<Record<string, LetterDefinition>>;

/**
 * Changes that a person is told of by mail, each with what to do if it wasn't them (ASVS 6.3.7). All have the view
 * `notice`. Their names are stored with each mail.
 */
export const NOTICES = {
  'authenticator created': { subject: 'mail.created-subject', text: 'mail.created' },
  'authenticator renamed': { subject: 'mail.renamed-subject', text: 'mail.renamed' },
  'authenticator removed': { subject: 'mail.removed-subject', text: 'mail.removed' },
  'authenticator blocked': { subject: 'mail.blocked-subject', text: 'mail.blocked', isWarning: true },
  'authenticator replaced': { subject: 'mail.replaced-subject', text: 'mail.replaced' },
  'two-factor reset': { subject: 'mail.two-factor-reset-subject', text: 'mail.two-factor-reset' },
  'authenticators freed': { subject: 'mail.freed-subject', text: 'mail.freed' },
  'reset refused': { subject: 'mail.reset-refused-subject', text: 'mail.reset-refused' },
  'reset request cancelled': { subject: 'mail.reset-cancelled-subject', text: 'mail.reset-cancelled' },
  'recovery codes created': { subject: 'mail.recovery-created-subject', text: 'mail.recovery-created' },
  'recovery code used': { subject: 'mail.recovery-used-subject', text: 'mail.recovery-used' },
  'trusted browser copied': {
    subject: 'mail.trust-copied-subject',
    text: 'mail.trust-copied',
    isWarning: true,
  },
  'password changed': { subject: 'mail.password-changed-subject', text: 'mail.password-changed' },
  'e-mail changed': { subject: 'mail.email-changed-subject', text: 'mail.email-changed' },
  'second step failed': {
    subject: 'mail.second-step-failed-subject',
    text: 'mail.second-step-failed',
    isWarning: true,
  },
  'sessions ended': { subject: 'mail.sessions-ended-subject', text: 'mail.sessions-ended' },
  'account disabled': { subject: 'mail.account-disabled-subject', text: 'mail.account-disabled' },
  'account enabled': { subject: 'mail.account-enabled-subject', text: 'mail.account-enabled' },
  'role changed': { subject: 'mail.role-changed-subject', text: 'mail.role-changed' },
  'two-factor enforced': { subject: 'mail.enforced-subject', text: 'mail.enforced' },
  'two-factor enforcement lifted': { subject: 'mail.lifted-subject', text: 'mail.lifted' },
  'group joined': { subject: 'mail.group-joined-subject', text: 'mail.group-joined' },
  'group left': { subject: 'mail.group-left-subject', text: 'mail.group-left' },
  'administrator made': { subject: 'mail.administrator-made-subject', text: 'mail.administrator-made' },
  'administrator gone': { subject: 'mail.administrator-gone-subject', text: 'mail.administrator-gone' },
  'policy weakened': { subject: 'mail.policy-weakened-subject', text: 'mail.policy-weakened' },
  'approval change asked': { subject: 'mail.approval-asked-subject', text: 'mail.approval-asked' },
  'approval change made': { subject: 'mail.approval-made-subject', text: 'mail.approval-made' },
  'approval change cancelled': {
    subject: 'mail.approval-cancelled-subject',
    text: 'mail.approval-cancelled',
  },
} as const satisfies Readonly<Record<string, NoticeDefinition>>;

export type Notice = keyof typeof NOTICES;

/** Every kind of mail. */
export type MailKind = keyof typeof LETTERS | Notice;

export const MAILS: Readonly<Record<MailKind, MailDefinition>> = { ...LETTERS, ...NOTICES };

/** Whether this version of the portal knows the kind of a stored mail. */
export function isMailKind(kind: string): kind is MailKind {
  return Object.hasOwn(MAILS, kind);
}
