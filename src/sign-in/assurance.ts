import { z } from 'zod';
import type { Instant } from '../kernel/time.ts';
import { METHOD_IDS } from '../settings/method-ids.ts';

/**
 * What can be proven at sign-in. "trusted browser" replaces the code but proves nothing new. "authenticator" is in sessions of
 * versions that did not store the method: some second factor was proven.
 */
const FACTORS = ['password', ...METHOD_IDS, 'recovery code', 'trusted browser', 'authenticator'] as const;
export type Factor = (typeof FACTORS)[number];

/** Something that was proven, and when. */
export interface Proof {
  readonly factor: Factor;
  readonly at: Instant;
}

/** The proofs of a sign-in, oldest first; each factor once, with its latest time. */
export type Assurance = readonly Proof[];

const proof = z.object({ factor: z.enum(FACTORS), at: z.number() });

/** Parses stored proofs. Unknown factors (of another version) are left out, so they prove nothing. */
export const assuranceSchema = z
  .array(proof.nullable().catch(null))
  .transform((proofs): Assurance => proofs.filter((one) => one !== null));

/** Adds a proof; an earlier one of the same factor is replaced. */
export function withProof(assurance: Assurance, factor: Factor, at: Instant): Assurance {
  return [...assurance.filter((one) => one.factor !== factor), { factor, at }];
}

/** Whether a second factor was proven, or replaced by a trusted browser. */
export function hasSecondFactor(assurance: Assurance): boolean {
  return assurance.some(({ factor }) => factor !== 'password');
}

/** Whether a trusted browser has replaced the code, and no second factor was proven since. */
export function restsOnTrust(assurance: Assurance): boolean {
  const second = assurance.filter(({ factor }) => factor !== 'password');
  return second.length > 0 && second.every(({ factor }) => factor === 'trusted browser');
}

/** The factors for the audit log: "password", "password, authenticator", "password, recovery code", "password, trusted browser". */
export function factorsInWords(assurance: Assurance): string {
  const second = assurance.map(({ factor }) => WORDS[factor]).filter((word) => word !== undefined);
  const strongest = STRONGEST_FIRST.find((word) => second.includes(word));
  return ['password', ...(strongest === undefined ? [] : [strongest])].join(', ');
}

const STRONGEST_FIRST = ['authenticator', 'recovery code', 'trusted browser'] as const;

const WORDS: Readonly<Record<Factor, (typeof STRONGEST_FIRST)[number] | undefined>> = {
  password: undefined,
  app: 'authenticator',
  email: 'authenticator',
  authenticator: 'authenticator',
  'recovery code': 'recovery code',
  'trusted browser': 'trusted browser',
};
