import type { Instant } from '../kernel/time.ts';
import { METHOD_IDS, STRONG_METHODS } from '../settings/method-ids.ts';
import type { Assurance, Factor } from '../sign-in/assurance.ts';

/** Authentication context classes, the weakest first. */
export const ACR_LEVELS = ['password', 'second step', 'strong'] as const;
export type AcrLevel = (typeof ACR_LEVELS)[number];

const URNS: Readonly<Record<AcrLevel, string>> = {
  password: 'urn:postern:acr:password',
  'second step': 'urn:postern:acr:second-step',
  strong: 'urn:postern:acr:strong',
};

/** The values of the claim `acr`, the weakest first. */
export const ACR_VALUES: readonly string[] = ACR_LEVELS.map(acrOf);

export function acrOf(level: AcrLevel): string {
  return URNS[level];
}

/** The level of a value of `acr`; undefined for one of somebody else's. */
export function levelOf(acr: string): AcrLevel | undefined {
  return ACR_LEVELS.find((level) => URNS[level] === acr);
}

/** What a sign-in has proven, as claims. They say what was done, never what was asked for. */
export interface AssuranceClaims {
  readonly level: AcrLevel;
  /** OpenID Connect Core 1.0 §2. */
  readonly acr: string;
  /** Values of RFC 8176 §2. It has none for a code by email: "email" is our own, and such a code is no "otp". */
  readonly amr: readonly string[];
  /** When it was proven: the second factor that counts, or the password where there is none. */
  readonly authTime: Instant;
}

/** A trusted browser replaces a code, but nothing is proven by it. */
const PROVEN_FACTORS: readonly Factor[] = [...METHOD_IDS, 'recovery code', 'authenticator'];

/** The claims of a sign-in; undefined if its password was never recorded: then nothing can be said about it. */
export function assuranceClaims(assurance: Assurance): AssuranceClaims | undefined {
  const password = assurance.find(({ factor }) => factor === 'password');
  if (!password) return undefined;
  const second = assurance.filter(({ factor }) => PROVEN_FACTORS.includes(factor));
  const strong = second.filter(({ factor }) => STRONG_FACTORS.includes(factor));
  const counting = [strong, second, [password]].find((proofs) => proofs.length > 0) ?? [password];
  const level = strong.length > 0 ? 'strong' : second.length > 0 ? 'second step' : 'password';
  return {
    level,
    acr: acrOf(level),
    amr: amrOf(second.map(({ factor }) => factor)),
    authTime: Math.max(...counting.map(({ at }) => at)),
  };
}

const STRONG_FACTORS: readonly Factor[] = STRONG_METHODS;

/** What each factor is called; the others are named by "mfa" alone. */
const AMR: Readonly<Partial<Record<Factor, string>>> = { app: 'otp', email: 'email' };

function amrOf(second: readonly Factor[]): readonly string[] {
  const named = second.map((factor) => AMR[factor]).filter((value) => value !== undefined);
  return ['pwd', ...named, ...(second.length > 0 ? ['mfa'] : [])];
}
