import { PasswordHasher } from '../../src/accounts/password-hasher.ts';

/** Hashes in under a millisecond, with the lowest cost that an import accepts. For all tests except those that need `REAL_HASHER`. */
export const QUICK_HASHER = new PasswordHasher({ memory: 512, passes: 1, parallelism: 1 });

/** As in production: for tests that compare times or check what is stored. */
export const REAL_HASHER = new PasswordHasher();
