import { createHash } from 'node:crypto';
import { fromBase32 } from './one-time-code.ts';

/** The password of all people. */
export const PASSWORD = 'seventeen green herons';

/** A person who can sign in: with `PASSWORD`, and the codes of this secret. */
export interface Somebody {
  readonly email: string;
  /** Base32. */
  readonly secret: string;
  readonly key: Buffer;
}

/** The same people on both sites. */
export function somebody(number: number): Somebody {
  const bytes = createHash('sha256').update(`person ${number}`).digest();
  const secret = Array.from(bytes, (byte) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[byte % 32]).join('');
  return { email: `person${number}@example.org`, secret, key: fromBase32(secret) };
}
