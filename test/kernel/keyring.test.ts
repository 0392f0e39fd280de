import assert from 'node:assert/strict';
import { Keyring, type Sealed } from '../../src/kernel/keyring.ts';

const OLD = 'an old secret of some thirty-two characters';
const NEW = 'a new secret of some thirty-two characters';
const PLACE = 'app:account-1';

describe('the keyring', () => {
  it('opens what it has sealed, in any script', () => {
    const keyring = new Keyring(() => [OLD]);
    for (const plain of ['JBSWY3DPEHPK3PXP', '', 'سرّ', 'x'.repeat(10_000)]) {
      assert.equal(keyring.open(keyring.seal(plain, PLACE), PLACE), plain);
    }
  });

  it('seals the same text differently every time, and reveals nothing about it', () => {
    const keyring = new Keyring(() => [OLD]);
    const sealed = Array.from({ length: 100 }, () => keyring.seal('JBSWY3DPEHPK3PXP', PLACE));
    assert.equal(new Set(sealed.map(({ nonce }) => nonce)).size, 100);
    assert.equal(new Set(sealed.map(({ text }) => text)).size, 100);
    assert.doesNotMatch(JSON.stringify(sealed), /JBSWY3DP/);
    assert.ok(sealed.every(({ nonce }) => Buffer.from(nonce, 'base64url').length === 12));
    assert.ok(sealed.every(({ tag }) => Buffer.from(tag, 'base64url').length === 16));
  });

  it('does not open altered text, whichever part was altered', () => {
    const keyring = new Keyring(() => [OLD]);
    const sealed = keyring.seal('JBSWY3DPEHPK3PXP', PLACE);
    for (const part of ['nonce', 'text', 'tag'] as const) {
      const altered = { ...sealed, [part]: flipped(sealed[part]) };
      assert.throws(() => keyring.open(altered, PLACE), /unable to authenticate/i, part);
    }
    assert.throws(
      () => keyring.open({ ...sealed, key: '00000000' }, PLACE),
      /No secret has the key id 00000000/,
    );
  });

  it('does not open under a shortened tag, which could be guessed', () => {
    const keyring = new Keyring(() => [OLD]);
    const sealed = keyring.seal('JBSWY3DPEHPK3PXP', PLACE);
    const tag = Buffer.from(sealed.tag, 'base64url').subarray(0, 4).toString('base64url');
    assert.throws(() => keyring.open({ ...sealed, tag }, PLACE), /tag/i);
  });

  it('does not open text that was moved to another context', () => {
    const keyring = new Keyring(() => [OLD]);
    const sealed = keyring.seal('JBSWY3DPEHPK3PXP', PLACE);
    assert.throws(() => keyring.open(sealed, 'app:account-2'), /unable to authenticate/i);
  });

  it('does not open with another secret', () => {
    const sealed = new Keyring(() => [OLD]).seal('JBSWY3DPEHPK3PXP', PLACE);
    assert.throws(() => new Keyring(() => [NEW]).open(sealed, PLACE), /No secret has the key id/);
  });

  it('seals with the newest secret and opens with the older ones, which are stale', () => {
    const before = new Keyring(() => [OLD]).seal('JBSWY3DPEHPK3PXP', PLACE);
    const keyring = new Keyring(() => [NEW, OLD]);
    assert.equal(keyring.open(before, PLACE), 'JBSWY3DPEHPK3PXP');
    assert.equal(keyring.isStale(before), true);
    const after = keyring.seal('JBSWY3DPEHPK3PXP', PLACE);
    assert.equal(keyring.isStale(after), false);
    assert.equal(new Keyring(() => [NEW]).open(after, PLACE), 'JBSWY3DPEHPK3PXP');
  });

  it('reads the secrets again for a key that another process has created', () => {
    const secrets = [OLD];
    const keyring = new Keyring(() => [...secrets]);
    secrets.unshift(NEW);
    const sealed: Sealed = new Keyring(() => secrets).seal('JBSWY3DPEHPK3PXP', PLACE);
    assert.equal(keyring.open(sealed, PLACE), 'JBSWY3DPEHPK3PXP');
    assert.equal(keyring.isStale(sealed), false);
  });

  it('reads the secrets only when necessary', () => {
    let asked = 0;
    const keyring = new Keyring(() => {
      asked++;
      return [OLD];
    });
    keyring.open(keyring.seal('x', PLACE), PLACE);
    keyring.keys('code');
    assert.equal(asked, 1);
    keyring.reload();
    assert.equal(asked, 2);
  });

  it('derives a different key for every purpose and every secret, 256 bits each', () => {
    const keyring = new Keyring(() => [NEW, OLD]);
    const keys = (['session', 'code', 'seal'] as const).flatMap((use) => keyring.keys(use));
    assert.equal(new Set(keys.map((key) => key.export().toString('hex'))).size, 6);
    assert.ok(keys.every((key) => key.symmetricKeySize === 32));
    assert.deepEqual(keyring.current('code').key, keyring.keys('code')[0]);
  });

  it('names a key without revealing it', () => {
    const keyring = new Keyring(() => [OLD]);
    const { id, key } = keyring.current('seal');
    assert.match(id, /^[0-9a-f]{8}$/);
    assert.ok(!key.export().toString('hex').includes(id));
    assert.equal(keyring.current('code').id, id);
  });

  it('refuses to work without a secret', () => {
    const keyring = new Keyring(() => []);
    assert.throws(() => keyring.seal('x', PLACE), /empty/);
    assert.throws(() => keyring.current('session'), /empty/);
  });
});

/** The same bytes, except one bit of the first. */
function flipped(text: string): string {
  const bytes = Buffer.from(text, 'base64url');
  bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
  return bytes.toString('base64url');
}
