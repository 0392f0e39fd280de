import assert from 'node:assert/strict';
import { METHOD_IDS, type MethodId } from '../../src/settings/method-ids.ts';
import { TWO_FACTOR_RULES } from '../../src/settings/rule.ts';
import type { Factor } from '../../src/sign-in/assurance.ts';
import { nextStage, nextStep, STAGES } from '../../src/sign-in/stages.ts';
import { applied, authenticator, combined, IN_GRACE } from '../policy/rules-under-test.ts';
import { NOW, OPTIONAL } from './sign-in-under-test.ts';

const SETS: readonly (readonly MethodId[])[] = [[], ['app'], ['email'], METHOD_IDS];
const SECONDS: readonly (Factor | undefined)[] = [
  undefined,
  'app',
  'email',
  'recovery code',
  'trusted browser',
  'authenticator',
];

/** Every state of a sign-in after the password, by what decides about it. */
const STATES = TWO_FACTOR_RULES.flatMap((rule) =>
  SETS.filter((offered) => rule !== 'mandatory' || offered.length > 0).flatMap((offered) =>
    SETS.flatMap((owned) =>
      SECONDS.flatMap((second) =>
        [true, false].flatMap((inGrace) =>
          [true, false].flatMap((putOff) =>
            [true, false].map((trustPresented) => ({
              ...{ rule, offered, owned, second, inGrace, putOff, trustPresented },
            })),
          ),
        ),
      ),
    ),
  ),
);

function factsOf({ rule, offered, owned, second, inGrace, putOff, trustPresented }: (typeof STATES)[number]) {
  return {
    policy: combined([applied({ rule, methods: offered, ...(inGrace && { grace: IN_GRACE }) })]),
    authenticators: owned.map(authenticator),
    assurance: [
      { factor: 'password', at: NOW } as const,
      ...(second === undefined ? [] : [{ factor: second, at: NOW }]),
    ],
    ...{ putOff, trustPresented },
  };
}

describe('The stages of signing in', () => {
  it('have this order', () => {
    assert.deepEqual(
      STAGES.map(({ name, reason, path }) => [name, reason, path]),
      [
        ['password', 'not signed in', '/sign-in'],
        ['trusted browser', 'trust presented', undefined],
        ['second step', 'has authenticator', '/sign-in/code'],
        ['enrolment', 'mandatory, grace lasts', '/sign-in/set-up'],
        ['enrolment', 'mandatory', '/sign-in/set-up'],
        ['complete', 'all proven', undefined],
      ],
    );
  });

  it('start with the password, whatever else was proven', () => {
    const facts = { policy: OPTIONAL, authenticators: [], assurance: [{ factor: 'app', at: NOW }] } as const;
    assert.equal(nextStage(facts).name, 'password');
    assert.equal(nextStep({ ...facts, assurance: [] })?.name, 'password');
  });

  it('require the due step for every combination of policy, authenticators, proofs and grace', () => {
    for (const state of STATES) {
      const { rule, offered, owned, second, inGrace, putOff, trustPresented } = state;
      const lacks = rule === 'mandatory' && !owned.some((id) => offered.includes(id));
      const asksCode = owned.length > 0 && second === undefined;
      const enrols = lacks && (!inGrace || !putOff);
      const due = asksCode ? 'second step' : enrols ? 'enrolment' : undefined;
      const said = JSON.stringify(state);
      const step = nextStep(factsOf(state));
      assert.equal(step?.name, due, said);
      assert.equal(step?.deferrable ?? false, due === 'enrolment' && inGrace, said);
      const spared = trustPresented && asksCode && !lacks;
      assert.equal(nextStage(factsOf(state)).name, spared ? 'trusted browser' : (due ?? 'complete'), said);
    }
    assert.ok(STATES.length > 1000, `${STATES.length} combinations`);
  });

  it('end: each step is followed by another one once it is done', () => {
    for (const state of STATES) {
      const facts = factsOf({ ...state, second: undefined, trustPresented: false });
      const names: string[] = [];
      for (let step = nextStep(facts); step; step = nextStep(facts)) {
        names.push(step.name);
        if (step.name === 'enrolment')
          facts.authenticators.push(authenticator(step.proves[0] as MethodId, 9));
        if (step.name === 'enrolment' && !state.offered.includes('app')) {
          facts.authenticators.push(authenticator('email', 10));
        }
        facts.assurance.push({ factor: step.proves[0] ?? 'app', at: NOW });
        assert.ok(names.length < 3, names.join(', '));
      }
      assert.deepEqual(names, [...new Set(names)]);
    }
  });
});
