import { days } from '../../src/time.ts';
import type { Authenticator } from '../../src/two-factor/authenticator.ts';
import { type Grace, NO_GRACE } from '../../src/two-factor/grace.ts';
import { METHOD_IDS, type MethodId } from '../../src/two-factor/method.ts';
import {
  type AppliedRule,
  type PersonalPolicy,
  personalPolicy,
} from '../../src/two-factor/personal-policy.ts';

export const NOW = Date.UTC(2030, 0, 31, 14, 3);
export const SITE = { kind: 'site' } as const;
export const AGENTS = { kind: 'group', id: 'agents', name: 'Agents' } as const;
export const IN_GRACE: Grace = { kind: 'until', at: NOW + days(3) };

/** A rule that has been mandatory, where it is, for a year; whatever is not said is the site's default. */
export function applied(rule: Partial<AppliedRule> = {}): AppliedRule {
  return {
    source: SITE,
    rule: 'optional',
    methods: METHOD_IDS,
    grace: NO_GRACE,
    since: NOW - days(365),
    begun: null,
    ...rule,
  };
}

/** What these rules come to for somebody who has never had an authenticator. */
export function combined(rules: readonly AppliedRule[]): PersonalPolicy {
  return personalPolicy(rules, null, NOW);
}

export function authenticator(method: MethodId, index: number): Authenticator {
  const rest = { data: {}, lastStep: 0, createdAt: 0, lastUsedAt: null, blockedAt: null, preferredAt: null };
  return { id: String(index), accountId: 'ann', method, name: `Number ${index}`, ...rest };
}
