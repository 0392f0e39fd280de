import { emailKey } from '../kernel/email-address.ts';

/**
 * The mailbox of an address, without its sub-address ("ann+shop@example.org", RFC 5233). Only for limits of mails to strangers:
 * each sub-address can still have its own account.
 */
export function mailboxKey(email: string): string {
  const key = emailKey(email);
  const at = key.lastIndexOf('@');
  const plus = key.indexOf('+');
  return plus > 0 && plus < at ? key.slice(0, plus) + key.slice(at) : key;
}
