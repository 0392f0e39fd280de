import assert from 'node:assert/strict';
import { toBuffer } from 'qrcode';
import { seconds } from '../../src/kernel/time.ts';
import { AuthenticatorApp, readQrCode } from './authenticator-app.ts';
import { fromBase32, oneTimeCode } from './one-time-code.ts';

const KEY = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const URI = `otpauth://totp/Help%20%26%20More:ann%2Bb%40example.org%20(2)?secret=${KEY}&issuer=Help%20%26%20More`;

describe('the authentication app of the tests', () => {
  it('computes the codes of RFC 4226, appendix D', () => {
    const codes = '755224 287082 359152 969429 338314 254676 287922 162583 399871 520489'.split(' ');
    const key = Buffer.from('12345678901234567890');
    assert.deepEqual(
      codes.map((_code, count) => oneTimeCode(key, 'SHA1', 6, count)),
      codes,
    );
    assert.deepEqual(fromBase32(KEY), key);
  });

  it('computes the codes of RFC 6238, appendix B', () => {
    const vectors = [
      [59, '94287082', '46119246', '90693936'],
      [1111111109, '07081804', '68084774', '25091201'],
      [1111111111, '14050471', '67062674', '99943326'],
      [1234567890, '89005924', '91819424', '93441116'],
      [2000000000, '69279037', '90698825', '38618901'],
      [20000000000, '65353130', '77737706', '47863826'],
    ] as const;
    const key = (length: number) => Buffer.from('1234567890'.repeat(7).slice(0, length));
    for (const [time, sha1, sha256, sha512] of vectors) {
      const step = Math.floor(time / 30);
      assert.equal(oneTimeCode(key(20), 'SHA1', 8, step), sha1);
      assert.equal(oneTimeCode(key(32), 'SHA256', 8, step), sha256);
      assert.equal(oneTimeCode(key(64), 'SHA512', 8, step), sha512);
    }
  });

  it('agrees with oathtool', () => {
    const app = new AuthenticatorApp();
    app.type('GEZD GNBV GY3T QOJQ gezd gnbv gy3t qojq');
    for (const at of [seconds(59), Date.UTC(2026, 0, 1), seconds(20000000000)]) {
      assert.equal(app.codeByOathtool(at), app.code(at));
      assert.equal(app.codeByOathtool(at + seconds(30)), app.code(at, 1));
      assert.equal(app.codeByOathtool(at - seconds(30)), app.code(at, -1));
    }
  });

  it('reads a QR code and its content', async () => {
    const app = new AuthenticatorApp();
    const picture = await toBuffer(URI, { margin: 4 });
    assert.equal(readQrCode(picture), URI);
    assert.deepEqual(app.scan(picture), {
      issuer: 'Help & More',
      account: 'ann+b@example.org (2)',
      secret: KEY,
      algorithm: 'SHA1',
      digits: 6,
      period: 30,
    });
    const blank = await toBuffer('x', { color: { dark: '#ffffff' } });
    assert.throws(() => app.scan(blank), /No QR code/);
  });

  it('is as strict about a key URI as the strictest app', () => {
    const app = new AuthenticatorApp();
    for (const wrong of [
      `otpauth://hotp/A:b?secret=${KEY}&issuer=A`,
      `otpauth://totp/A:b?secret=${KEY}&issuer=B`,
      `otpauth://totp/Help%20Center:b?secret=${KEY}&issuer=Help+Center`,
      'otpauth://totp/A:b?secret=GEZDGNBV====&issuer=A',
      'otpauth://totp/A:b?issuer=A',
      'https://example.org/',
    ]) {
      assert.throws(() => app.open(wrong), assert.AssertionError, wrong);
    }
    assert.throws(() => app.code(0), /no entry yet/);
  });
});
