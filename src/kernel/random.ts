import { randomBytes, randomInt } from 'node:crypto';

/** A cryptographically secure source of randomness (ASVS 11.5.1). Passed in, so that tests choose what it gives. */
export interface Random {
  /** A uniform whole number from 0 to `below` - 1. */
  integer(below: number): number;
  bytes(count: number): Buffer;
}

export const systemRandom: Random = {
  integer: (below) => randomInt(below),
  bytes: (count) => randomBytes(count),
};
