import assert from 'node:assert/strict';
import { keyUri, matchingStep, newSecret } from '../../../src/two-factor/methods/app/totp.ts';
import { fromBase32 } from '../../support/one-time-code.ts';

/** "12345678901234567890" in Base32: the key of the vectors in RFC 4226 and RFC 6238. */
const RFC_KEY = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

describe('time-based one-time codes', () => {
  const rfc4226 = [
    '755224',
    '287082',
    '359152',
    '969429',
    '338314',
    '254676',
    '287922',
    '162583',
    '399871',
    '520489',
  ];
  rfc4226.forEach((code, count) => {
    it(`agree with RFC 4226, appendix D, at count ${count}`, () => {
      assert.equal(matchingStep(RFC_KEY, code, count * 30_000 + 12_345), count);
    });
  });

  for (const [time, eightDigits] of [
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ] as const) {
    it(`agree with RFC 6238, appendix B, at ${time} s (its last six digits)`, () => {
      assert.equal(matchingStep(RFC_KEY, eightDigits.slice(2), time * 1000), Math.floor(time / 30));
    });
  }

  for (const [offset, accepted] of [
    [-2, false],
    [-1, true],
    [0, true],
    [1, true],
    [2, false],
  ] as const) {
    it(`${accepted ? 'accept' : 'refuse'} the step ${offset} from now, at its first and its last moment`, () => {
      const step = 5;
      for (const now of [step * 30_000, step * 30_000 + 29_999]) {
        const matched = matchingStep(RFC_KEY, rfc4226[step + offset] ?? '', now);
        assert.equal(matched, accepted ? step + offset : undefined);
      }
    });
  }

  it('keep their leading zeros', () => {
    assert.equal(matchingStep(RFC_KEY, '081804', 1_111_111_109_000), 37_037_036);
    assert.equal(matchingStep(RFC_KEY, '818040', 1_111_111_109_000), undefined);
  });

  it('do not fail when the clock is before the first step', () => {
    assert.equal(matchingStep(RFC_KEY, '755224', 0), 0);
  });

  it('have secrets of 160 bits, a new one each time', () => {
    const secrets = Array.from({ length: 100 }, newSecret);
    assert.equal(new Set(secrets).size, 100);
    for (const secret of secrets) assert.equal(fromBase32(secret).length, 20);
  });
});

describe('the key URI', () => {
  it('encodes spaces as %20, and has the issuer twice', () => {
    assert.equal(
      keyUri('Acme Help & Care', 'ann+x@example.org (2)', RFC_KEY),
      `otpauth://totp/Acme%20Help%20%26%20Care:ann%2Bx%40example.org%20(2)?secret=${RFC_KEY}&issuer=Acme%20Help%20%26%20Care`,
    );
  });

  it('has no colon in the issuer, which would end there', () => {
    assert.match(keyUri('Help: Desk', 'ann@example.org', RFC_KEY), /^otpauth:\/\/totp\/Help%20%20Desk:ann/);
  });
});
