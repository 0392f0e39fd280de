import { createHmac } from 'node:crypto';
import type { Party } from '../audit/audit.ts';
import { emailKey } from '../kernel/email-address.ts';
import type { Keyring } from '../kernel/keyring.ts';

/**
 * A pseudonym of a typed address, the same for all of its spellings. It is an HMAC: from a plain hash, an attacker with a list of
 * addresses could find the address. After a change of the key (`keys rotate`) it differs, and counts start again.
 */
export function addressName(email: string, keyring: Pick<Keyring, 'current'>): string {
  return createHmac('sha256', keyring.current('address').key).update(emailKey(email)).digest('hex');
}

const SHOWN = 10;

/**
 * The party for the audit log when an address was typed. An address without an account may be a password in the wrong field, or
 * a stranger's address: the log gets only a part of its pseudonym, by which entries of the same address can be matched.
 */
export function typist(email: string, hasAccount: boolean, keyring: Pick<Keyring, 'current'>): Party {
  if (hasAccount) return { id: null, label: emailKey(email) };
  return { id: null, label: `unknown-${addressName(email, keyring).slice(0, SHOWN)}` };
}
