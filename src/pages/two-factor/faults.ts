import type { Instant } from '../../time.ts';
import type { CodeFault, SendOutcome, Sending } from '../../two-factor/method.ts';
import type { FieldFault } from '../../web/forms.ts';

const CODE_FAULTS = {
  wrong: 'code.wrong',
  'already used': 'code.already-used',
  expired: 'code.expired',
  'used up': 'code.used-up',
  'none sent': 'code.none-sent',
} as const;

/** Why a code did not do, at its field. */
export function codeFault({ kind }: CodeFault): FieldFault {
  return { field: 'code', key: CODE_FAULTS[kind] };
}

/** What is said above the page on which the code is typed in. */
export const SENDING_NOTICES = {
  sent: { key: 'code.sent', kind: 'success', values: {} },
  unsure: { key: 'code.unsure', kind: 'warning', values: {} },
} as const;

/** A mail server between us and the mailbox said no. */
export const MAIL_REFUSED = 502;

/** Why no code was sent, with the status of the page that says so: how long to wait, or that the mail server said no. */
export function sendFault(
  outcome: Exclude<SendOutcome, { kind: Sending }>,
  field: string,
  now: Instant,
): { readonly fault: FieldFault; readonly status?: number } {
  if (outcome.kind === 'refused') return { fault: { field, key: 'code.not-sent' }, status: MAIL_REFUSED };
  return { fault: { field, key: 'code.send-wait', wait: outcome.until - now } };
}

/** Too many wrong codes in a row. */
export function throttleFault(until: Instant, now: Instant): FieldFault {
  return { field: 'code', key: 'code.throttled', wait: until - now };
}
