import type { PasswordOutcome } from '../../accounts/password-sign-in.ts';
import type { Instant } from '../../kernel/time.ts';
import type { FieldError } from '../../web/forms.ts';

type Wait = Omit<Extract<PasswordOutcome, { kind: 'wait' }>, 'kind'>;

/**
 * The error after too many wrong passwords. It says how long to wait, unless strangers sent them: they would send the next
 * guess at that moment, and keep the person out.
 */
export function passwordWait(field: string, { until, isClients }: Wait, now: Instant): FieldError {
  if (until === undefined) return { field, key: 'sign-in.throttled-by-others', wait: 'untold' };
  return { field, key: isClients ? 'sign-in.client-throttled' : 'sign-in.throttled', wait: until - now };
}
