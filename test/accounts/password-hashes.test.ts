import assert from 'node:assert/strict';
import { matchesTyped, PasswordHasher } from '../../src/accounts/password-hasher.ts';
import { importableHash, isUnusable, readHash } from '../../src/accounts/password-hashes.ts';

/** Hashes of these passwords by other programs. */
const FOREIGN = {
  // Test vectors of the reference implementation of Argon2 (phc-winner-argon2, src/test.c).
  argon2i: [
    'password',
    '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA',
  ],
  'argon2id with four lanes': [
    'password',
    '$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc',
  ],
  'argon2id as Django stores it': [
    'password',
    'argon2$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
  ],
  // Test vectors of crypt_blowfish 1.3 (wrapper.c).
  'bcrypt $2a$': ['U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
  'bcrypt $2b$': ['U*U', '$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
  'bcrypt $2y$': ['U*U*', '$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK'],
  'bcrypt as Django stores it': [
    'U*U',
    'bcrypt$$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
  ],
  // From glibc's crypt(3) and Python's hashlib.
  'bcrypt of a phrase': ['lets try this one', '$2b$05$CCCCCCCCCCCCCCCCCCCCC.rAf3o4sLTvR4cFKmbAV7SuUjZhE3kGG'],
  'PBKDF2 of an old Django': [
    'lets try this one',
    'pbkdf2_sha256$1000$seasalt$zSy5olSqwjjBPNmsbbn+niUlxfr+TevQMKTOTbsH4Ow=',
  ],
  'PBKDF2 of a new Django': [
    'lets try this one',
    'pbkdf2_sha256$870000$Xb3kQ9z$LOpyJpDzKyjc7ZlMomsEoRfRvQjiNuuVfNGXV9dbUP4=',
  ],
  // From PHP's password_hash.
  'argon2id of PHP, as Nextcloud stores it': [
    'lets try this one',
    '3|$argon2id$v=19$m=1024,t=2,p=1$d2RYaFlpd1V0eEZFTTZpWA$CkqhcxkeOKHrq6P/Zi6r8l7DEuirPJKNbT4MU3d4Nww',
  ],
  'bcrypt as Spring Security stores it': [
    'U*U',
    '{bcrypt}$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
  ],
  'argon2i as Dovecot stores it': [
    'password',
    '{ARGON2I}$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA',
  ],
  // From passlib's documentation and Python's hashlib.
  "passlib's PBKDF2": [
    'toomanysecrets',
    '$pbkdf2-sha256$29000$N2YMIWQsBWBMae09x1jrPQ$1t8iyB2A.WF/Z5JZv.lfCIhXXN33N23OSgQYThBYRfk',
  ],
  "passlib's PBKDF2 with SHA-512": [
    'lets try this one',
    '$pbkdf2-sha512$25000$c2l4dGVlbiBieXRlcyBhYg$5sEXNMvZi38vMJV8swxlib6lVdhEzApWc9DcNAk5nMJRW0V.pU0VcUueS2YJ2ZnGVLWyWfTQyQJHrkSsEsihYg',
  ],
  'PBKDF2 as a PHC string': [
    'lets try this one',
    '$pbkdf2-sha256$i=29000,l=32$c2l4dGVlbiBieXRlcyBhYg$frvAFaPH2FdefHuluruhEFMsYypwGOlHRJoWy9nKKtQ',
  ],
  "Discourse's PBKDF2": [
    'lets try this one',
    '$pbkdf2-sha256$i=64000,l=32$0123456789abcdef0123456789abcdef$6b6c8134627cf601f08adf775aa8c8ae77874c162efb8e74a11428c715b5bc44',
  ],
} as const;

const hasher = new PasswordHasher();

const ARGON2 = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
const BCRYPT = FOREIGN['bcrypt $2b$'][1];
const DJANGO = FOREIGN['PBKDF2 of an old Django'][1];

describe('an imported password hash', () => {
  for (const [format, [password, hash]] of Object.entries(FOREIGN)) {
    it(`matches only its password, and is outdated: ${format}`, async () => {
      assert.equal(await hasher.verify(password, hash), true);
      assert.equal(hasher.isOutdated(hash), true);
      for (const other of [`${password} `, password.toUpperCase().replace('U*', 'u*'), '']) {
        assert.equal(await hasher.verify(other, hash), false, other);
      }
    });
  }

  it('matches like in WordPress, which trims spaces at both ends', async () => {
    // From PHP's password_hash, as WordPress 6.8 calls it.
    const hash = '$wp$2y$05$16468ArglzY2oR7WNClu4u/Z8FtGcqTVHexpTwvJrZ8GA8T71k6mm';
    for (const right of ['lets try this one', ' lets try this one\n']) {
      assert.equal(await hasher.verify(right, hash), true);
    }
    for (const wrong of ['lets try this', 'Lets try this one', '']) {
      assert.equal(await hasher.verify(wrong, hash), false, wrong);
    }
    assert.equal(hasher.isOutdated(hash), true);
  });

  it('marks an account without a password', () => {
    for (const hash of ['!', '!KZnLr5', '*', '!!']) assert.equal(isUnusable(hash), true);
    for (const hash of ['$2b$', '']) assert.equal(isUnusable(hash), false);
  });

  it('matches its password as it was typed, in any Unicode form', async () => {
    const decomposed = 'pbkdf2_sha256$1000$seasalt$Qu0QAjytoUs3/MVw1KrPWIYVmCxV1VVuxzUHmPF4nLA=';
    assert.equal(await hasher.verify('cafe\u0301 in the old mill', decomposed), true);
    assert.equal(await hasher.verify('cafe in the old mill', decomposed), false);
  });

  for (const [what, hash] of [
    ['nothing', ''],
    ['a password', 'seventeen green herons'],
    ['MD5', '5f4dcc3b5aa765d61d8327deb882cf99'],
    [
      'SHA-512 crypt',
      '$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/',
    ],
    ['bcrypt of the broken version', BCRYPT.replace('$2b$', '$2x$')],
    ['bcrypt, cut off', BCRYPT.slice(0, -1)],
    ['bcrypt that would take days', BCRYPT.replace('$05$', '$31$')],
    ['bcrypt that is too cheap', BCRYPT.replace('$05$', '$03$')],
    ['argon2d', ARGON2.replace('argon2id', 'argon2d')],
    ['argon2 of the first version', ARGON2.replace('v=19', 'v=16')],
    ['argon2 with 1 GiB', ARGON2.replace('m=65536', 'm=1048576')],
    ['argon2 with a hundred passes', ARGON2.replace('t=2', 't=100')],
    ['argon2 with no pass', ARGON2.replace('t=2', 't=0')],
    ['argon2 with many lanes', ARGON2.replace('p=1', 'p=17')],
    ['argon2 with too little memory for its lanes', ARGON2.replace('m=65536,t=2,p=1', 'm=63,t=2,p=8')],
    ['argon2 with a short salt', ARGON2.replace('c29tZXNhbHQ', 'c29t')],
    ['argon2 with a short tag', `${ARGON2.slice(0, ARGON2.lastIndexOf('$'))}$CTFhFdXP`],
    ['PBKDF2 that would take days', DJANGO.replace('$1000$', '$99999999$')],
    ['PBKDF2 without salt', DJANGO.replace('seasalt', '')],
    ['PBKDF2 with another digest', DJANGO.replace('sha256', 'sha1')],
    ['one with more text behind it', `${BCRYPT}\n`],
    ['one that is too long', `${DJANGO.replace('seasalt', 's'.repeat(220))}`],
  ] as const) {
    it(`is not recognised: ${what}`, () => assert.equal(readHash(hash), undefined));
  }

  for (const [what, hash] of [
    ['argon2', ARGON2.replace('m=65536,t=2', 'm=8,t=1')],
    ['argon2 just below the floor', ARGON2.replace('m=65536,t=2', 'm=243,t=2')],
    ['PBKDF2', DJANGO.replace('$1000$', '$1$')],
    ['PBKDF2 just below the floor', DJANGO.replace('$1000$', '$999$')],
  ] as const) {
    it(`cannot be imported if it is too cheap, but works if it is already stored: ${what}`, () => {
      assert.equal(importableHash(hash), undefined);
      assert.ok(readHash(hash));
    });
  }

  for (const [format, [, hash]] of Object.entries(FOREIGN)) {
    it(`can be imported: ${format}`, () => assert.ok(importableHash(hash)));
  }

  it('has a cost that is a multiple of one current hash', async () => {
    const costs = [await hasher.hash('seventeen green herons'), ARGON2, BCRYPT.replace('$05$', '$12$')].map(
      (hash) => Number(readHash(hash)?.cost.toFixed(1)),
    );
    assert.deepEqual(costs, [1, 3.4, 8]);
  });

  it('with current parameters has one Unicode form: a password that is not NFC is hashed once', async () => {
    const hashed: string[] = [];
    const check = (isCurrent: boolean) =>
      matchesTyped({ isCurrent, cost: 1, matches: async (typed) => hashed.push(typed) < 0 }, 'cafe\u0301');
    assert.equal(await check(true), false);
    assert.deepEqual(hashed.splice(0), ['caf\u00e9']);
    assert.equal(await check(false), false);
    assert.deepEqual(hashed, ['caf\u00e9', 'cafe\u0301']);
  });

  it('is one of ours if it has the current parameters', async () => {
    assert.equal(readHash(await hasher.hash('seventeen green herons'))?.isCurrent, true);
  });

  it('counts each block of a long PBKDF2 hash, and refuses too much work in all', () => {
    const hash = (digest: string, iterations: number, bytes: number) =>
      readHash(
        `$pbkdf2-${digest}$${iterations}$c2FsdHNhbHRzYWx0$${Buffer.alloc(bytes, 1).toString('base64').replace(/=+$/, '')}`,
      );
    assert.equal(hash('sha256', 500_000, 64)?.cost, hash('sha256', 1_000_000, 32)?.cost);
    assert.equal(hash('sha512', 500_000, 64)?.cost, hash('sha256', 500_000, 32)?.cost);
    assert.ok(hash('sha256', 2_000_000, 32));
    assert.equal(hash('sha256', 1_000_001, 33), undefined);
    assert.equal(hash('sha512', 1_000_001, 65), undefined);
  });
});
