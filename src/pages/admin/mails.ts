import type { Mail, MailKind } from '../../post/mail.ts';
import { MAIL_SUBJECTS } from '../../post/mail-subjects.ts';
import type { Instant } from '../../time.ts';
import type { Visit } from '../../web/visit.ts';
import type { Translator } from '../../words.ts';

const BADGES = {
  waiting: 'warning',
  taken: 'good',
  refused: 'warning',
  'given-up': 'warning',
  replaced: 'plain',
} as const;

/** Text browsers close up empty cells. */
const NOTHING = '–';

/** One mail of a list: its subject, where it went, and what became of it. Never what is in it. */
export function mailLine(mail: Mail, { words, settings }: Visit, now: Instant) {
  return [
    isKnown(mail.kind) ? words.t(MAIL_SUBJECTS[mail.kind], { site: settings.siteName }) : mail.kind,
    mail.address,
    words.when(mail.createdAt),
    {
      text: words.t(`mails.state.${mail.state}`),
      badge: BADGES[mail.state],
      hint: momentOf(mail, words, now),
    },
    mail.fault ?? NOTHING,
  ];
}

function isKnown(kind: string): kind is MailKind {
  return Object.hasOwn(MAIL_SUBJECTS, kind);
}

/** When its waiting ended, or when the next try is. */
function momentOf({ settledAt, dueAt, fault }: Mail, words: Translator, now: Instant): string {
  if (settledAt !== null) return words.when(settledAt);
  // What has not failed yet is on its way for the first time.
  const isUnderWay = fault === null || dueAt <= now;
  return isUnderWay ? words.t('mails.under-way') : words.t('mails.next-try', { time: words.when(dueAt) });
}
