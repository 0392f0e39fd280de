import type { MessageKey } from '../kernel/i18n.ts';
import type { Purpose } from './message.ts';

/** What a code is for, and what it means if the reader did not ask for it. */
export const CODE_WORDS: Readonly<
  Record<Purpose, { readonly intro: MessageKey; readonly unasked: MessageKey }>
> = {
  'sign-in': { intro: 'mail.code-sign-in', unasked: 'mail.code-unasked' },
  'step-up': { intro: 'mail.code-step-up', unasked: 'mail.code-unasked' },
  enrolment: { intro: 'mail.code-enrolment', unasked: 'mail.code-unasked' },
  'email confirmation': { intro: 'mail.code-confirmation', unasked: 'mail.code-unasked' },
  // The owner of this mailbox may not know the site.
  'e-mail change': { intro: 'mail.code-address', unasked: 'mail.code-address-unasked' },
};
