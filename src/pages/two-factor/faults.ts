import type { z } from 'zod';
import type { CodeFault } from '../../codes/challenges.ts';
import type { NotSent } from '../../codes/mailed-codes.ts';
import type { MessageKey } from '../../kernel/i18n.ts';
import type { Instant } from '../../kernel/time.ts';
import type { FieldError } from '../../web/forms.ts';

const CODE_FAULTS = {
  wrong: 'code.wrong',
  'already used': 'code.already-used',
  expired: 'code.expired',
  'used up': 'code.used-up',
  'none sent': 'code.none-sent',
} as const satisfies Record<CodeFault, MessageKey>;

/** The form's field for the response: the last one (see `EnrolmentStep` and `Verifier`). */
export function responseField({ shape }: z.ZodObject): string {
  return Object.keys(shape).at(-1) ?? '';
}

/** The field error for a code that was not accepted. */
export function codeFault(fault: CodeFault, field = 'code'): FieldError {
  return { field, key: CODE_FAULTS[fault] };
}

/** The notice on the page where the code is typed. */
export const SENDING_NOTICES = {
  sent: { key: 'code.sent', kind: 'success' },
  unsure: { key: 'code.unsure', kind: 'warning' },
  delayed: { key: 'code.delayed', kind: 'warning' },
} as const;

/** What a code is for: "proof" has alternatives to suggest, "set-up" does not need any. */
export type CodeUse = 'proof' | 'set-up';

/** The message when no code was sent, for reasons other than the rate limit. */
export function notSentKey({ kind }: Exclude<NotSent, { kind: 'wait' }>, use: CodeUse) {
  if (kind === 'refused') return 'code.not-sent';
  return use === 'proof' ? 'code.away' : 'code.away-set-up';
}

/** The field error when no code was sent. */
export function sendFault(outcome: NotSent, field: string, use: CodeUse, now: Instant): FieldError {
  if (outcome.kind === 'wait') return { field, key: 'code.send-wait', wait: outcome.until - now };
  return { field, key: notSentKey(outcome, use) };
}

/** The field error after too many wrong codes in a row. */
export function throttleFault(until: Instant, now: Instant, field = 'code'): FieldError {
  return { field, key: 'code.throttled', wait: until - now };
}
