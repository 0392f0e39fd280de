/** The rows of a person's page, in order; their words are at `person.fact.<name>`. */
export const FACTS = [
  'email',
  'role',
  'state',
  'groups',
  'rule',
  'next-sign-in',
  'two-factor',
  'wrong-codes',
  'password',
  'last-sign-in',
] as const;
export type Fact = (typeof FACTS)[number];
