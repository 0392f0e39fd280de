import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/boot/config.ts';
import type { Environment } from '../../src/boot/environment.ts';
import { parseRedisUrl } from '../../src/storage/redis/redis-url.ts';
import { databaseAddress } from '../../src/storage/sql/database-url.ts';
import { type Certificate, selfSigned } from '../support/certificates.ts';

/** The `expected` texts of all errors, with the variable. */
function expectedOf(environment: Environment): readonly string[] {
  const outcome = readConfig(environment);
  return outcome.ok ? [] : outcome.faults.map(({ variable, expected }) => `${variable}: ${expected}`);
}

describe('REDIS_URL', () => {
  it('may name the Sentinels of a primary, with and without their own credentials', () => {
    assert.deepEqual(parseRedisUrl('redis+sentinel://one,two:26380,[2001:db8::1]:5000/mymaster'), {
      kind: 'sentinel',
      tls: false,
      sentinels: [
        { host: 'one', port: 26_379 },
        { host: 'two', port: 26_380 },
        { host: '2001:db8::1', port: 5000 },
      ],
      name: 'mymaster',
      database: 0,
      username: undefined,
      password: undefined,
      sentinel: { username: undefined, password: undefined },
    });
    const url =
      'rediss+sentinel://postern:a%3Ab:c%40@one/main/3?sentinel_username=guard&sentinel_password=p%26q';
    assert.deepEqual(parseRedisUrl(url), {
      kind: 'sentinel',
      tls: true,
      sentinels: [{ host: 'one', port: 26_379 }],
      name: 'main',
      database: 3,
      username: 'postern',
      password: 'a:b:c@',
      sentinel: { username: 'guard', password: 'p&q' },
    });
  });

  it('may name nodes of a Cluster', () => {
    assert.deepEqual(parseRedisUrl('rediss+cluster://:sesame@one:7000,two/'), {
      kind: 'cluster',
      tls: true,
      nodes: [
        { host: 'one', port: 7000 },
        { host: 'two', port: 6379 },
      ],
      username: undefined,
      password: 'sesame',
    });
  });

  it('is refused with a message about what is missing for several hosts, and never with the password', () => {
    for (const [url, expected] of [
      ['redis+sentinel://:hush@one,two', /the name of the primary after the Sentinels/],
      ['redis+sentinel://:hush@one/mymaster/x', /the name of the primary/],
      ['redis+sentinel://:hush@one,/mymaster', /hosts such as/],
      ['redis+sentinel://:hush@one:99999/mymaster', /hosts such as/],
      ['redis+sentinel://:hush%@one/mymaster', /%25/],
      ['redis+sentinel://:hush%@one/mymaster?sentinel_password=hush', /%25/],
      ['redis://one/hush', /number of a database/],
      [
        'redis+sentinel://:hush@one/mymaster?sentinelpassword=hush',
        /sentinel_username and sentinel_password/,
      ],
      ['redis+cluster://:hush@one,two:x', /hosts such as/],
      ['redis+cluster://:hush@one/1', /only one database/],
      ['redis+cluster://', /a URL such as/],
      ['redis+other://one', /a URL such as/],
      ['redis://:hush@one,two', /"\+sentinel" or "\+cluster"/],
    ] as const) {
      const [fault = '', ...more] = expectedOf({ REDIS_URL: url });
      assert.deepEqual(more, [], url);
      assert.match(fault, /^REDIS_URL: /, url);
      assert.match(fault, expected, url);
      assert.doesNotMatch(fault, /hush/);
    }
  });
});

describe('DATABASE_URL', () => {
  let folder: string;
  let own: Certificate;
  let text: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-config-'));
    own = selfSigned(folder);
    text = join(folder, 'text');
    writeFileSync(text, 'not a certificate');
  });
  after(() => rmSync(folder, { recursive: true }));

  const tlsOf = (parameters: string, url = 'mariadb://ann:p%40ss@db/x') =>
    databaseAddress(`${url}?${parameters}`).tls;

  it('uses no TLS if it has no TLS parameter', () => {
    const url = 'postgres://ann:p%40ss@db/x?application_name=postern';
    assert.deepEqual(databaseAddress(url), { url, tls: undefined });
    assert.equal(tlsOf('sslmode=disable'), undefined);
  });

  it('has certificates verified whenever it uses TLS, unless it explicitly says otherwise', () => {
    for (const mode of ['verify-full', 'verify-ca', 'require'])
      assert.equal(tlsOf(`sslmode=${mode}`)?.verified, true);
    assert.equal(tlsOf(`sslrootcert=${own.certificate}`)?.verified, true);
    assert.equal(tlsOf(`sslcert=${own.certificate}&sslkey=${own.key}`)?.verified, true);
    assert.equal(tlsOf('sslmode=no-verify')?.verified, false);
  });

  it('passes parameters without relation to TLS on to the driver', () => {
    const { url } = databaseAddress('postgres://ann:p%40ss@db/x?sslmode=require&application_name=postern');
    assert.equal(url, 'postgres://ann:p%40ss@db/x?application_name=postern');
  });

  it('is refused with a message about its TLS parameters, and never with the password', () => {
    for (const [parameters, expected] of [
      ['sslmode=prefer', /sslmode to be one of "verify-full"/],
      ['sslmode=', /sslmode to be one of/],
      ['ssl-mode=REQUIRED', /no other TLS parameters/],
      ['ssl=true', /no other TLS parameters/],
      ['useSSL=true', /no other TLS parameters/],
      ['sslrootcert=/nowhere/at/all', /sslrootcert to be the path of a readable file/],
      [`sslrootcert=${text}`, /certificates and the matching key/],
      [`sslcert=${own.certificate}&sslkey=${text}`, /certificates and the matching key/],
    ] as const) {
      for (const kind of ['postgres', 'mysql']) {
        const [fault = '', ...more] = expectedOf({ DATABASE_URL: `${kind}://ann:hush@db/x?${parameters}` });
        assert.deepEqual(more, [], parameters);
        assert.match(fault, /^DATABASE_URL: /, parameters);
        assert.match(fault, expected, parameters);
        assert.doesNotMatch(fault, /hush/);
      }
    }
  });

  it("must have MariaDB's host name as in its certificate: mysql2 cannot verify one for an IP address", () => {
    assert.match(
      expectedOf({ DATABASE_URL: 'mysql://192.0.2.1/x?sslmode=verify-full' })[0] ?? '',
      /not an IP address/,
    );
    assert.deepEqual(expectedOf({ DATABASE_URL: 'mysql://192.0.2.1/x?sslmode=no-verify' }), []);
    assert.deepEqual(expectedOf({ DATABASE_URL: 'postgres://192.0.2.1/x?sslmode=verify-full' }), []);
  });
});

describe('A name or a password in a URL', () => {
  const URLS = [
    ['DATABASE_URL', 'postgres://', 'db.example.org/postern'],
    ['DATABASE_URL', 'mysql://', 'db.example.org:3306/postern'],
    ['DATABASE_URL', 'mariadb://', 'db.example.org/postern'],
    ['REDIS_URL', 'redis://', 'cache.example.org:6379'],
    ['REDIS_URL', 'rediss+sentinel://', 'one.example.org,two.example.org/mymaster'],
    ['REDIS_URL', 'redis+cluster://', 'one.example.org,two.example.org'],
    ['SMTP_URL', 'smtp://', 'mail.example.org:587'],
    ['SMTP_URL', 'smtps://', 'mail.example.org?tls.rejectUnauthorized=false'],
  ] as const;
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-config-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const [variable, scheme, rest] of URLS) {
    it(`has to be encoded in ${scheme}, and the error of ${variable} says how, without the password`, () => {
      // Digits before the "@" look like a port, and the URL like one of another host.
      for (const password of [
        ...[
          'hush#1',
          'hush/1',
          'hush?1',
          'hush%1',
          'hush%',
          'hush%ZZ',
          'hush%ff',
          '12#hush',
          '12/hush',
          '12?hush',
        ],
        ...['hush@1/2', '1/hush@2', '1?hush@2', 'a#hush@2', '/hush', '#hush', '?hush', 'hush?a=b/'],
      ]) {
        const url = `${scheme}ann:${password}@${rest}`;
        const file = join(folder, 'url');
        writeFileSync(file, url);
        for (const environment of [{ [variable]: url }, { [`${variable}_FILE`]: file }]) {
          const [fault = '', ...more] = expectedOf(environment);
          assert.deepEqual(more, [], url);
          assert.match(
            fault,
            new RegExp(`^${variable}: .*%25, "#" as %23, "/" as %2F, "\\?" as %3F, "@" as %40`),
            url,
          );
          assert.doesNotMatch(fault, /hush/);
        }
      }
      assert.match(expectedOf({ [variable]: `${scheme}an%n:pass@${rest}` })[0] ?? '', /%25/);
    });

    it(`is accepted if it is encoded in ${scheme}`, () => {
      const password = encodeURIComponent('a%b#c/d?e@f:g h');
      assert.deepEqual(expectedOf({ [variable]: `${scheme}a%40b:${password}@${rest}` }), []);
      assert.deepEqual(expectedOf({ [variable]: `${scheme}${rest}` }), []);
    });
  }

  it('may have an "@" in the value of a parameter', () => {
    const url = 'postgres://ann:pass@db/postern?application_name=ann@home/1';
    assert.deepEqual(expectedOf({ DATABASE_URL: url }), []);
  });
});

describe('SMTP_URL', () => {
  it('may have only TLS parameters that nodemailer knows, because it would ignore others', () => {
    for (const query of ['requireTLS=true', 'ignoreTLS=true', 'tls.rejectUnauthorized=false', 'pool=true'])
      assert.deepEqual(expectedOf({ SMTP_URL: `smtp://mail.example.org?${query}` }), [], query);
    for (const query of ['ignoretls=true', 'requireTls=true', 'ssl=true', 'rejectUnauthorizedTLS=false'])
      assert.match(
        expectedOf({ SMTP_URL: `smtp://mail.example.org?${query}` })[0] ?? '',
        /^SMTP_URL: no other TLS parameters/,
      );
  });
});

describe('Connection limits', () => {
  it('stay within the time that a page may take', () => {
    for (const [name, within, beyond] of [
      ['DATABASE_POOL_SIZE', ['1', '100'], ['0', '101', '2.5', '-1', 'ten', '1e1']],
      ['DATABASE_TIMEOUT', ['1', '2.5', '5'], ['0', '0.9', '5.1', '5s', '1e0']],
      ['REDIS_TIMEOUT', ['0.1', '2', '2.5'], ['0', '0.09', '2.6', '2500', '.5']],
      ['KEEP_ALIVE_TIMEOUT', ['1', '75', '900'], ['0', '0.9', '901', '125s']],
    ] as const) {
      for (const value of within) assert.deepEqual(expectedOf({ [name]: value }), [], `${name}=${value}`);
      for (const value of beyond) {
        const [fault] = expectedOf({ [name]: value });
        assert.match(fault ?? '', new RegExp(`^${name}: .* from `), `${name}=${value}`);
      }
    }
  });
});
