import assert from 'node:assert/strict';
import {
  type Assurance,
  assuranceSchema,
  type Factor,
  factorsInWords,
  hasSecondFactor,
  restsOnTrust,
  withProof,
} from '../../src/sign-in/assurance.ts';

const of = (...factors: readonly Factor[]): Assurance => factors.map((factor, at) => ({ factor, at }));

describe('The assurance of a sign-in', () => {
  const table: readonly (readonly [Assurance, string, boolean, boolean])[] = [
    [of('password'), 'password', false, false],
    [of('password', 'app'), 'password, authenticator', true, false],
    [of('password', 'email'), 'password, authenticator', true, false],
    [of('password', 'authenticator'), 'password, authenticator', true, false],
    [of('password', 'recovery code'), 'password, recovery code', true, false],
    [of('password', 'recovery code', 'app'), 'password, authenticator', true, false],
    [of('password', 'trusted browser'), 'password, trusted browser', true, true],
    [of('password', 'trusted browser', 'app'), 'password, authenticator', true, false],
  ];
  for (const [assurance, words, second, trust] of table) {
    const factors = assurance.map(({ factor }) => factor).join(' and ');
    it(`of ${factors} is "${words}" in the audit log`, () => {
      assert.equal(factorsInWords(assurance), words);
      assert.equal(hasSecondFactor(assurance), second);
      assert.equal(restsOnTrust(assurance), trust);
    });
  }

  it('has each factor once, with its latest time', () => {
    const once = withProof(of('password', 'app'), 'password', 7);
    assert.deepEqual(once, [
      { factor: 'app', at: 1 },
      { factor: 'password', at: 7 },
    ]);
  });

  it('ignores what another version has proven, and what is no proof', () => {
    const stored = [
      { factor: 'password', at: 1 },
      { factor: 'passkey', at: 2 },
      { factor: 'app' },
      null,
      'app',
    ];
    assert.deepEqual(assuranceSchema.parse(stored), [{ factor: 'password', at: 1 }]);
    assert.equal(assuranceSchema.safeParse('app').success, false);
  });
});
