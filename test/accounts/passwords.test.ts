import assert from 'node:assert/strict';
import { PasswordHasher } from '../../src/accounts/password-hasher.ts';
import { passwordFault } from '../../src/accounts/passwords.ts';

const GOOD = 'seventeen green herons';

const hasher = new PasswordHasher();

describe('a password hash', () => {
  it('is argon2id with 19 MiB, 2 passes, 1 lane, and its own salt', async () => {
    const hash = await hasher.hash(GOOD);
    assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    assert.notEqual(await hasher.hash(GOOD), hash);
    assert.equal(hasher.isOutdated(hash), false);
  });

  it('matches only its password: nothing is cut off, case-folded or trimmed', async () => {
    const long = 'x'.repeat(72) + GOOD.repeat(8);
    const hash = await hasher.hash(long);
    assert.equal(await hasher.verify(long, hash), true);
    for (const other of [
      long.toUpperCase(),
      `${long} `,
      ` ${long}`,
      long.slice(0, -1),
      `${long.slice(0, 72)}#${long.slice(73)}`,
      '',
    ]) {
      assert.equal(await hasher.verify(other, hash), false);
    }
  });

  it('matches the same characters in any Unicode form', async () => {
    const hash = await hasher.hash('cafe\u0301 in the old mill');
    assert.equal(await hasher.verify('caf\u00e9 in the old mill', hash), true);
    assert.equal(await hasher.verify('cafe in the old mill', hash), false);
  });

  it('does not end at a NUL', async () => {
    const hash = await hasher.hash(`${GOOD}\u0000one`);
    assert.equal(await hasher.verify(`${GOOD}\u0000two`, hash), false);
  });

  it('from elsewhere: one of the reference implementation matches', async () => {
    // echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1
    const reference =
      '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
    assert.equal(await hasher.verify('password', reference), true);
    assert.equal(await hasher.verify('Password', reference), false);
    assert.equal(hasher.isOutdated(reference), true);
  });
});

describe('a new password', () => {
  const own = ['Ann Example', 'ann.lee@mail.example.org', 'Acme Help'];

  it('may have any characters, 12 to 256 of them as a reader counts', () => {
    for (const password of [
      GOOD,
      'ثلاثة طيور خضراء',
      '😀🦊🐘🐝🎈🌲🍋🏔🚲🎻📎🧊',
      'a b c d e f!',
      'jqzxvkwpfgbd',
      `${GOOD} `.repeat(11).slice(0, 256).replace(/.$/, '~'),
    ]) {
      assert.equal(passwordFault(password, own), undefined, password);
    }
  });

  it('is too short with 11 characters, even if each takes several bytes, and too long with 257', () => {
    assert.equal(passwordFault('jqzxvkwpfgb', own), 'too short');
    assert.equal(passwordFault('😀🦊🐘🐝🎈🌲🍋🏔🚲🎻📎', own), 'too short');
    assert.equal(passwordFault(`${GOOD} `.repeat(12).slice(0, 257), own), 'too long');
  });

  it('is refused if it is among the first guesses, in any case', () => {
    for (const password of [
      'passwordpassword',
      'PasswordPassword',
      '123456789012',
      '210987654321',
      'abcdefghijkl',
      'aaaaaaaaaaaa',
      'abcabcabcabc',
      'qwertyuiop123',
      ' '.repeat(12),
    ]) {
      assert.equal(passwordFault(password, own), 'common', password);
    }
  });

  it("is refused if little is left without the person's and the site's own words", () => {
    for (const password of [
      'Ann.Example1',
      'annexample2024',
      'ann.lee@mail.example.org',
      'ACME-help-acme',
      'exampleexample!',
      'HelpAnn-Help-1',
    ]) {
      assert.equal(passwordFault(password, own), 'own words', password);
    }
    assert.equal(passwordFault('acme wants seventeen herons', own), undefined);
  });
});
