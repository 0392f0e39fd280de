import type { Translator } from '../../../kernel/i18n.ts';
import type { Instant } from '../../../kernel/time.ts';
import type { Mail } from '../../../mail/mail.ts';
import { isMailKind, MAILS } from '../../../mail/vocabulary.ts';
import type { RequestContext } from '../../../web/context.ts';
import { NO_VALUE } from '../../lists.ts';

const BADGES = {
  waiting: 'warning',
  taken: 'good',
  refused: 'warning',
  'given-up': 'warning',
  replaced: 'plain',
} as const;

/** A row of the list of mails: subject, address, outcome. Never the contents. */
export function mailLine(mail: Mail, { words, settings }: RequestContext, now: Instant) {
  return [
    isMailKind(mail.kind) ? words.t(MAILS[mail.kind].subject, { site: settings.siteName }) : mail.kind,
    mail.address,
    words.when(mail.createdAt),
    {
      text: words.t(`mails.state.${mail.state}`),
      badge: BADGES[mail.state],
      hint: momentOf(mail, words, now),
    },
    mail.fault ?? NO_VALUE,
  ];
}

/** When the mail was settled, or when the next try is due. */
function momentOf({ settledAt, dueAt, fault }: Mail, words: Translator, now: Instant): string {
  if (settledAt !== null) return words.when(settledAt);
  // Without a failure it is its first try.
  const isUnderWay = fault === null || dueAt <= now;
  return isUnderWay ? words.t('mails.under-way') : words.t('mails.next-try', { time: words.when(dueAt) });
}
