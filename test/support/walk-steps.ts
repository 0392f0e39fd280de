import fc from 'fast-check';
import type { MethodId } from '../../src/settings/method-ids.ts';
import type { TwoFactorRule } from '../../src/settings/rule.ts';

export type GivenGrace = 'none' | 'half an hour' | 'a day';

/** Changes by administrators in between: to the site's rule, to that of the group, to its members, to single people. */
export type RuleStep =
  | {
      readonly do: 'rule' | 'group rule';
      readonly rule: TwoFactorRule;
      readonly grace: GivenGrace;
      /** Only the app, by default. */
      readonly methods?: readonly MethodId[];
    }
  | { readonly do: 'membership'; readonly who: number; readonly on: boolean }
  | { readonly do: 'enforcement'; readonly who: number; readonly on: boolean; readonly grace: GivenGrace };

/** One step of a random walk. Each can be taken in any state, so that a failing walk can be shortened. */
export type Step =
  | { readonly do: 'password'; readonly by: number; readonly who: number; readonly right: boolean }
  | {
      readonly do: 'code';
      readonly by: number;
      readonly of: 'own' | 'other' | 'replay' | 'guess';
      readonly trust: boolean;
    }
  | { readonly do: 'recovery code'; readonly by: number; readonly right: boolean }
  | { readonly do: 'enrolment'; readonly by: number; readonly right: boolean }
  | { readonly do: 'step-up'; readonly by: number }
  | {
      readonly do: 'poke';
      readonly by: number;
      readonly route: number;
      readonly id: number;
      readonly post: boolean;
    }
  | { readonly do: 'sign-out'; readonly by: number }
  | { readonly do: 'old cookies'; readonly by: number }
  | { readonly do: 'not now'; readonly by: number }
  | RuleStep
  | { readonly do: 'reset'; readonly who: number }
  | { readonly do: 'wait'; readonly seconds: number };

const by = fc.nat({ max: 1 });
const rule = fc.constantFrom('off', 'optional', 'mandatory');
const grace = fc.constantFrom('none', 'half an hour', 'a day');
const methods = fc.constantFrom(['app'], ['app'], ['app', 'email'], ['email']);
const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    often(8, fc.record({ do: fc.constant('password'), by, who: by, right: fc.nat(4).map((one) => one > 0) })),
    often(
      8,
      fc.record({
        do: fc.constant('code'),
        by,
        of: fc.constantFrom('own', 'own', 'other', 'replay', 'guess'),
        trust: fc.boolean(),
      }),
    ),
    often(2, fc.record({ do: fc.constant('recovery code'), by, right: fc.boolean() })),
    often(3, fc.record({ do: fc.constant('enrolment'), by, right: fc.nat(2).map((one) => one > 0) })),
    often(2, fc.record({ do: fc.constant('step-up'), by })),
    often(
      10,
      fc.record({ do: fc.constant('poke'), by, route: fc.nat(500), id: fc.nat(7), post: fc.boolean() }),
    ),
    often(2, fc.record({ do: fc.constant('sign-out'), by })),
    often(2, fc.record({ do: fc.constant('old cookies'), by })),
    often(3, fc.record({ do: fc.constant('not now'), by })),
    often(3, fc.record({ do: fc.constantFrom('rule', 'group rule'), rule, grace, methods })),
    often(2, fc.record({ do: fc.constant('membership'), who: by, on: fc.boolean() })),
    often(1, fc.record({ do: fc.constant('enforcement'), who: by, on: fc.boolean(), grace })),
    often(1, fc.record({ do: fc.constant('reset'), who: by })),
    often(3, fc.record({ do: fc.constant('wait'), seconds: fc.constantFrom(31, 601, 3601, 86_401) })),
  ) as fc.Arbitrary<Step>,
  { minLength: 8, maxLength: 24 },
);

const password = (who: number): Step => ({ do: 'password', by: 0, who, right: true });
const notNow: Step = { do: 'not now', by: 0 };
const code: Step = { do: 'code', by: 0, of: 'own', trust: true };
const enrols: Step = { do: 'enrolment', by: 0, right: true };
const leaves: Step = { do: 'sign-out', by: 0 };
/** With the password alone, as far as it goes; then with the code. */
const anew = (who: number): Step[] => [password(who), enrols, notNow, code, notNow, leaves];
const rules = (kind: 'rule' | 'group rule', rule: TwoFactorRule, ...methods: MethodId[]): Step => ({
  ...{ do: kind, rule, grace: 'none', methods },
});

/** Walks that do get in, straight and by detours, because the random ones may not. */
export const knownSteps: readonly Step[][] = [
  // All ways to remove the rule under which Vera's app was set up: it is still required.
  [
    ...[rules('rule', 'optional', 'email'), ...anew(0), rules('rule', 'mandatory', 'email'), ...anew(0)],
    ...[rules('rule', 'off'), ...anew(0), rules('rule', 'mandatory', 'app', 'email'), ...anew(0)],
  ],
  [
    ...[rules('group rule', 'mandatory', 'app'), { do: 'membership', who: 0, on: true } as const],
    ...[rules('rule', 'off'), ...anew(0), rules('group rule', 'mandatory', 'email'), ...anew(0)],
    ...[{ do: 'membership', who: 0, on: false } as const, ...anew(0)],
    ...[{ do: 'enforcement', who: 0, on: true, grace: 'none' } as const, ...anew(0)],
    ...[{ do: 'enforcement', who: 0, on: false, grace: 'none' } as const, ...anew(0)],
  ],
  [password(0), code, { do: 'sign-out', by: 0 }, password(0), { do: 'reset', who: 0 }, password(0), code],
  [
    password(1),
    { do: 'rule', rule: 'mandatory', grace: 'none' },
    { do: 'enrolment', by: 0, right: true },
    { do: 'sign-out', by: 0 },
  ],
  [password(1), { do: 'enrolment', by: 0, right: true }, { do: 'sign-out', by: 0 }, password(1), code],
  [
    { do: 'group rule', rule: 'mandatory', grace: 'a day' },
    { do: 'membership', who: 1, on: true },
    password(1),
    notNow,
    { do: 'wait', seconds: 86_401 },
    password(1),
    notNow,
    { do: 'enrolment', by: 0, right: true },
  ],
  [
    password(1),
    { do: 'enforcement', who: 1, on: true, grace: 'half an hour' },
    { do: 'sign-out', by: 0 },
    password(1),
    notNow,
    { do: 'wait', seconds: 3601 },
  ],
];
