import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseAddress } from '../../src/addresses/database-url.ts';
import { parseRedisUrl } from '../../src/addresses/redis-url.ts';
import { type Environment, readConfig } from '../../src/config.ts';
import { type Certificate, selfSigned } from '../support/certificates.ts';

/** What the faults expect, by the name of the variable. */
function expectedOf(environment: Environment): readonly string[] {
  const outcome = readConfig(environment);
  return outcome.ok ? [] : outcome.faults.map(({ variable, expected }) => `${variable}: ${expected}`);
}

describe('REDIS_URL', () => {
  it('may name the Sentinels of a primary, with their own credentials and without', () => {
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

  it('says what is missing of an address of several hosts, and never the password', () => {
    for (const [url, expected] of [
      ['redis+sentinel://:hush@one,two', /the name of the primary after the Sentinels/],
      ['redis+sentinel://:hush@one/mymaster/x', /the name of the primary/],
      ['redis+sentinel://:hush@one,/mymaster', /hosts such as/],
      ['redis+sentinel://:hush@one:99999/mymaster', /hosts such as/],
      ['redis+sentinel://:hush%@one/mymaster', /"%25"/],
      [
        'redis+sentinel://:hush@one/mymaster?sentinelpassword=hush',
        /sentinel_username and sentinel_password/,
      ],
      ['redis+cluster://:hush@one,two:x', /hosts such as/],
      ['redis+cluster://:hush@one/1', /one database alone/],
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

  it('asks for no TLS where it says nothing of it', () => {
    const url = 'postgres://ann:p%40ss@db/x?application_name=postern';
    assert.deepEqual(databaseAddress(url), { url, tls: undefined });
    assert.equal(tlsOf('sslmode=disable'), undefined);
  });

  it('has certificates verified wherever it asks for TLS, unless it says otherwise in so many words', () => {
    for (const mode of ['verify-full', 'verify-ca', 'require'])
      assert.equal(tlsOf(`sslmode=${mode}`)?.verified, true);
    assert.equal(tlsOf(`sslrootcert=${own.certificate}`)?.verified, true);
    assert.equal(tlsOf(`sslcert=${own.certificate}&sslkey=${own.key}`)?.verified, true);
    assert.equal(tlsOf('sslmode=no-verify')?.verified, false);
  });

  it('leaves to the driver what is not of TLS', () => {
    const { url } = databaseAddress('postgres://ann:p%40ss@db/x?sslmode=require&application_name=postern');
    assert.equal(url, 'postgres://ann:p%40ss@db/x?application_name=postern');
  });

  it('says what is wrong with TLS, and never the password', () => {
    for (const [parameters, expected] of [
      ['sslmode=prefer', /sslmode to be one of "verify-full"/],
      ['sslmode=', /sslmode to be one of/],
      ['ssl-mode=REQUIRED', /nothing else about TLS/],
      ['ssl=true', /nothing else about TLS/],
      ['useSSL=true', /nothing else about TLS/],
      ['sslrootcert=/nowhere/at/all', /sslrootcert to be the path of a file/],
      [`sslrootcert=${text}`, /certificates and a key/],
      [`sslcert=${own.certificate}&sslkey=${text}`, /certificates and a key/],
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

  it('names MariaDB as its certificate does: mysql2 cannot verify one for an IP address', () => {
    assert.match(
      expectedOf({ DATABASE_URL: 'mysql://192.0.2.1/x?sslmode=verify-full' })[0] ?? '',
      /by its name/,
    );
    assert.deepEqual(expectedOf({ DATABASE_URL: 'mysql://192.0.2.1/x?sslmode=no-verify' }), []);
    assert.deepEqual(expectedOf({ DATABASE_URL: 'postgres://192.0.2.1/x?sslmode=verify-full' }), []);
  });
});

describe('Limits of the connections', () => {
  it('stay within what a page may take', () => {
    for (const [name, within, beyond] of [
      ['DATABASE_POOL_SIZE', ['1', '100'], ['0', '101', '2.5', '-1', 'ten', '1e1']],
      ['DATABASE_TIMEOUT', ['1', '2.5', '5'], ['0', '0.9', '5.1', '5s', '1e0']],
      ['REDIS_TIMEOUT', ['0.1', '2', '2.5'], ['0', '0.09', '2.6', '2500', '.5']],
    ] as const) {
      for (const value of within) assert.deepEqual(expectedOf({ [name]: value }), [], `${name}=${value}`);
      for (const value of beyond) {
        const [fault] = expectedOf({ [name]: value });
        assert.match(fault ?? '', new RegExp(`^${name}: .* from `), `${name}=${value}`);
      }
    }
  });
});
