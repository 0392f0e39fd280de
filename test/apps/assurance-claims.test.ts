import assert from 'node:assert/strict';
import { type AcrLevel, acrOf, assuranceClaims, levelOf } from '../../src/apps/assurance-claims.ts';
import type { Factor } from '../../src/sign-in/assurance.ts';

/** What was proven, one after the other, and what is said about it. */
const TABLE: readonly [readonly Factor[], AcrLevel, readonly string[], number][] = [
  [['password'], 'password', ['pwd'], 1],
  [['password', 'app'], 'strong', ['pwd', 'otp', 'mfa'], 2],
  [['password', 'email'], 'second step', ['pwd', 'email', 'mfa'], 2],
  [['password', 'recovery code'], 'second step', ['pwd', 'mfa'], 2],
  [['password', 'authenticator'], 'second step', ['pwd', 'mfa'], 2],
  [['password', 'trusted browser'], 'password', ['pwd'], 1],
  [['trusted browser', 'password'], 'password', ['pwd'], 2],
  [['password', 'email', 'app'], 'strong', ['pwd', 'email', 'otp', 'mfa'], 3],
  // A later code by email makes the strong factor no newer, nor does the password.
  [['password', 'app', 'email'], 'strong', ['pwd', 'otp', 'email', 'mfa'], 2],
  [['app', 'password'], 'strong', ['pwd', 'otp', 'mfa'], 1],
];

describe('The claims of what a sign-in has proven', () => {
  for (const [factors, level, amr, authTime] of TABLE) {
    it(`are "${level}" after ${factors.join(', ')}`, () => {
      const assurance = factors.map((factor, index) => ({ factor, at: index + 1 }));
      assert.deepEqual(assuranceClaims(assurance), { level, acr: acrOf(level), amr, authTime });
    });
  }

  it('are unknown without a password', () => {
    assert.equal(assuranceClaims([]), undefined);
    assert.equal(assuranceClaims([{ factor: 'app', at: 1 }]), undefined);
  });

  it('have names that are read back, and no others', () => {
    for (const level of ['password', 'second step', 'strong'] as const)
      assert.equal(levelOf(acrOf(level)), level);
    for (const foreign of ['', '1', 'phr', 'urn:postern:acr:']) assert.equal(levelOf(foreign), undefined);
  });
});
