import { z } from 'zod';

/** Every method, the strongest first, in the order of the pages. Each has a folder in `two-factor/methods/`. */
export const METHOD_IDS = ['app', 'email'] as const;
export type MethodId = (typeof METHOD_IDS)[number];

/**
 * Methods whose codes go to the mailbox. A person who reads it can also reset the password, so after a reset by mail these
 * codes prove nothing more.
 */
export const MAILED_METHODS: readonly MethodId[] = ['email'];

/** Methods that stay out of reach for a reader of the mailbox. */
export const STRONG_METHODS: readonly MethodId[] = METHOD_IDS.filter(
  (method) => !MAILED_METHODS.includes(method),
);

/** Methods of another version of the portal are left out; the rest of the rule counts. */
export const storedMethods = z
  .array(z.string())
  .transform((ids): readonly MethodId[] => METHOD_IDS.filter((method) => ids.includes(method)));
