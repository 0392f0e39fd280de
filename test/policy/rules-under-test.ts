import { days } from '../../src/kernel/time.ts';
import {
  type EffectivePolicy,
  type EffectiveRule,
  effectivePolicy,
} from '../../src/policy/effective-policy.ts';
import { type Grace, NO_GRACE } from '../../src/settings/grace.ts';
import { METHOD_IDS, type MethodId } from '../../src/settings/method-ids.ts';
import { withProof } from '../../src/sign-in/assurance.ts';
import { nextStep, type SignInStep } from '../../src/sign-in/stages.ts';
import type { Authenticator, OfMethod } from '../../src/two-factor/authenticator.ts';

export const NOW = Date.UTC(2030, 0, 31, 14, 3);
export const SITE = { kind: 'site' } as const;
export const AGENTS = { kind: 'group', id: 'agents', name: 'Agents' } as const;
export const IN_GRACE: Grace = { kind: 'until', at: NOW + days(3) };

/** A rule that, if it is mandatory, has been so for a year; all other values are the site's defaults. */
export function applied(rule: Partial<EffectiveRule> = {}): EffectiveRule {
  return {
    source: SITE,
    rule: 'optional',
    methods: METHOD_IDS,
    grace: NO_GRACE,
    since: NOW - days(365),
    graceStartedAt: null,
    ...rule,
  };
}

/** The result of these rules for a person who has never had an authenticator. */
export function combined(rules: readonly EffectiveRule[]): EffectivePolicy {
  return effectivePolicy(rules, null, NOW);
}

export function authenticator(method: MethodId, index: number): Authenticator {
  const rest = { data: {}, createdAt: 0, lastUsedAt: null, blockedAt: null, preferredAt: null };
  return { id: String(index), accountId: 'ann', method, name: `Number ${index}`, ...rest };
}

/** What is required after the password; `proven`: after a second factor as well. */
export function stepAfterPassword(
  policy: EffectivePolicy,
  authenticators: readonly OfMethod[],
  proven: boolean,
): SignInStep | undefined {
  const password = withProof([], 'password', 0);
  return nextStep({ policy, authenticators, assurance: proven ? withProof(password, 'app', 0) : password });
}
