import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Config, formatFaults, readConfig } from '../../src/boot/config.ts';
import type { ConfigError, Environment } from '../../src/boot/environment.ts';
import { risksOf } from '../../src/boot/risks.ts';

const SECRET = 'first-secret-of-at-least-32-characters';
const OLDER = 'older-secret-of-at-least-32-characters';
const PRODUCTION = {
  NODE_ENV: 'production',
  BASE_URL: 'https://help.example.org',
  SMTP_URL: 'smtps://mail.example.org',
  APP_SECRET: SECRET,
};

function configOf(environment: Environment): Config {
  const outcome = readConfig(environment);
  assert.ok(outcome.ok, outcome.ok ? '' : formatFaults(outcome.faults));
  return outcome.config;
}

function faultsOf(environment: Environment): readonly ConfigError[] {
  const outcome = readConfig(environment);
  assert.ok(!outcome.ok, 'a fault was expected');
  return outcome.faults;
}

function faultyVariables(environment: Environment): readonly string[] {
  return faultsOf(environment).map(({ variable }) => variable);
}

describe('The environment', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-config-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('may be empty: then everything is in one data folder of this machine', () => {
    assert.deepEqual(configOf({}), {
      production: false,
      host: undefined,
      port: 3000,
      baseUrl: 'http://localhost:3000',
      dataDir: resolve('data'),
      databaseUrl: `sqlite:${resolve('data/postern.sqlite')}`,
      databaseLimits: { poolSize: 10, timeout: 5000 },
      redisUrl: undefined,
      redisTimeout: 2500,
      smtpUrl: undefined,
      mailFrom: { name: '', address: 'postern@localhost' },
      secrets: { kind: 'data folder', path: resolve('data/secret') },
      trustProxy: false,
      keepAlive: 125_000,
      clientLimits: { failures: 50, mails: 100 },
      helpCenterUrl: undefined,
      metrics: undefined,
      guard: { proxies: [], token: undefined },
      logLevel: 'info',
    });
  });

  it('counts empty variables, or only spaces, as not set', () => {
    assert.deepEqual(configOf({ PORT: '', BASE_URL: ' ', APP_SECRET: '', TRUST_PROXY: '\n' }), configOf({}));
  });

  it('is read completely if all variables are set', () => {
    const environment = {
      ...PRODUCTION,
      HOST: '[::1]',
      PORT: '8080',
      DATA_DIR: '/var/lib/postern',
      DATABASE_URL: 'postgres://postern:pass@db/postern',
      DATABASE_POOL_SIZE: '25',
      DATABASE_TIMEOUT: '3.5',
      REDIS_URL: 'rediss://cache:6380',
      REDIS_TIMEOUT: '0.5',
      MAIL_FROM: '"The Help Desk" <desk@example.org>',
      TRUST_PROXY: '2',
      KEEP_ALIVE_TIMEOUT: '620',
      CLIENT_FAILURES: '200',
      CLIENT_MAILS: '500',
      HELP_CENTER_URL: 'https://example.org/help',
      METRICS_PORT: '9464',
      GUARD_PROXIES: '127.0.0.1, 10.0.3.0/24',
      GUARD_TOKEN: SECRET,
      LOG_LEVEL: 'warn',
    };
    assert.deepEqual(configOf(environment), {
      production: true,
      host: '::1',
      port: 8080,
      baseUrl: 'https://help.example.org',
      dataDir: '/var/lib/postern',
      databaseUrl: 'postgres://postern:pass@db/postern',
      databaseLimits: { poolSize: 25, timeout: 3500 },
      redisUrl: 'rediss://cache:6380',
      redisTimeout: 500,
      smtpUrl: 'smtps://mail.example.org',
      mailFrom: { name: 'The Help Desk', address: 'desk@example.org' },
      secrets: { kind: 'environment', secrets: [SECRET] },
      trustProxy: 2,
      keepAlive: 620_000,
      clientLimits: { failures: 200, mails: 500 },
      helpCenterUrl: 'https://example.org/help',
      metrics: { port: 9464, token: undefined },
      guard: { proxies: ['127.0.0.1', '10.0.3.0/24'], token: SECRET },
      logLevel: 'warn',
    });
  });

  it('reports all errors at once, by name, with what is expected', () => {
    const environment = {
      NODE_ENV: 'prod',
      HOST: 'a b',
      PORT: '65536',
      BASE_URL: 'https://help.example.org/portal',
      DATA_DIR: 'a\0b',
      DATABASE_URL: 'oracle://db/x',
      DATABASE_POOL_SIZE: '0',
      DATABASE_TIMEOUT: '6',
      REDIS_URL: 'http://cache',
      REDIS_TIMEOUT: '3',
      SMTP_URL: 'mail.example.org',
      MAIL_FROM: 'nobody',
      APP_SECRET: 'short',
      APP_SECRET_FILE: '/nowhere/at/all',
      TRUST_PROXY: 'true',
      KEEP_ALIVE_TIMEOUT: '0',
      HELP_CENTER_URL: 'javascript:alert(1)',
      METRICS_PORT: '0',
      METRICS_TOKEN: 'short',
      GUARD_PROXIES: 'wiki.example.org',
      GUARD_TOKEN: 'short',
      LOG_LEVEL: 'loud',
    };
    assert.deepEqual(new Set(faultyVariables(environment)), new Set(Object.keys(environment)));
    const text = formatFaults(faultsOf(environment));
    assert.match(text, /^ {2}PORT: expected a whole number from 1 to 65535, but it is "65536"$/m);
    assert.match(text, /^ {2}LOG_LEVEL: expected one of "fatal", .*"silent", but it is "loud"$/m);
  });

  for (const missing of ['BASE_URL', 'SMTP_URL', 'APP_SECRET'] as const) {
    it(`needs ${missing} in production`, () => {
      assert.deepEqual(faultyVariables({ ...PRODUCTION, [missing]: undefined }), [missing]);
      assert.equal(
        configOf({ ...PRODUCTION, NODE_ENV: 'development', [missing]: undefined }).production,
        false,
      );
    });
  }

  it('allows plain http in production only for loopback addresses, or if the operator allows it explicitly', () => {
    const at = (BASE_URL: string, more: Environment = {}) => ({ ...PRODUCTION, BASE_URL, ...more });
    for (const url of [
      'http://account.example.org',
      'http://10.0.0.5:8080',
      'http://127.0.0.1.example.org',
      'http://[::2]',
    ]) {
      assert.deepEqual(faultyVariables(at(url)), ['BASE_URL'], url);
      assert.deepEqual(faultyVariables(at(url, { PORT: 'x' })), ['PORT', 'BASE_URL'], 'beside other faults');
      assert.equal(configOf(at(url, { ALLOW_PLAIN_HTTP: 'yes' })).baseUrl, url);
      assert.equal(configOf({ BASE_URL: url }).baseUrl, url, 'not in production');
    }
    for (const url of [
      'http://localhost:3000',
      'http://portal.localhost',
      'http://127.0.0.2',
      'http://[::1]:3000',
    ])
      assert.equal(configOf(at(url)).baseUrl, url);
    assert.deepEqual(faultyVariables(at('http://10.0.0.5', { ALLOW_PLAIN_HTTP: 'true' })), [
      'ALLOW_PLAIN_HTTP',
      'BASE_URL',
    ]);
  });

  it('causes a warning at each start if something unsafe is reachable for others', () => {
    const risks = (environment: Environment) =>
      risksOf(configOf(environment)).map((risk) => risk.split(':')[0]);
    const SMTP_URL = 'smtps://mail.example.org';
    assert.deepEqual(risks({}), []);
    assert.deepEqual(risks({ BASE_URL: 'http://127.0.0.1:8080' }), []);
    assert.deepEqual(risks({ BASE_URL: 'https://account.example.org', SMTP_URL }), []);
    assert.deepEqual(risks({ BASE_URL: 'https://account.example.org' }), ['SMTP_URL']);
    assert.deepEqual(risks({ BASE_URL: 'http://account.example.org' }), ['BASE_URL', 'SMTP_URL']);
    const accepted = { ...PRODUCTION, BASE_URL: 'http://10.0.0.5', ALLOW_PLAIN_HTTP: 'yes' };
    assert.deepEqual(risks(accepted), ['BASE_URL'], 'allowed, and said all the same');
  });

  it('collects no metrics unless they have a port or a token, which may be in a file', () => {
    const path = join(folder, 'metrics-token');
    writeFileSync(path, `${SECRET}\n`);
    for (const [environment, metrics] of [
      [{ METRICS_PORT: '9464' }, { port: 9464, token: undefined }],
      [{ METRICS_TOKEN: SECRET }, { port: undefined, token: SECRET }],
      [{ METRICS_TOKEN_FILE: path }, { port: undefined, token: SECRET }],
      [
        { METRICS_PORT: '9464', METRICS_TOKEN_FILE: path },
        { port: 9464, token: SECRET },
      ],
    ] as const) {
      assert.deepEqual(configOf(environment).metrics, metrics);
    }
  });

  it('allows no metrics on the port of the site, and no token that can be guessed or repeated', () => {
    assert.deepEqual(faultyVariables({ METRICS_PORT: '3000' }), ['METRICS_PORT']);
    assert.deepEqual(faultyVariables({ PORT: '80', METRICS_PORT: '080' }), ['METRICS_PORT']);
    for (const token of ['short', `${SECRET} and more`, `${SECRET}ß`]) {
      const faults = faultsOf({ METRICS_TOKEN: token });
      assert.deepEqual(
        faults.map(({ variable, given }) => [variable, given]),
        [['METRICS_TOKEN', undefined]],
      );
    }
  });

  it('identifies the callers of the guard by address or by a token, which may be in a file and is never printed', () => {
    const path = join(folder, 'guard-token');
    writeFileSync(path, `${SECRET}\n`);
    assert.deepEqual(configOf({ GUARD_TOKEN_FILE: path }).guard, { proxies: [], token: SECRET });
    assert.deepEqual(configOf({ GUARD_PROXIES: '::1,fd00::/8' }).guard.proxies, ['::1', 'fd00::/8']);
    for (const proxies of [
      '0.0.0.0/0',
      '::/0',
      '1',
      'loopback',
      '10.0.0.0/33',
      '10.0.0.1;10.0.0.2',
      'true',
    ]) {
      const text = formatFaults(faultsOf({ GUARD_PROXIES: proxies }));
      assert.match(text, /^ {2}GUARD_PROXIES: expected (only )?the addresses (and subnets )?of /m, proxies);
    }
    const [fault] = faultsOf({ GUARD_TOKEN: 'short' });
    assert.equal(fault?.given, undefined);
    assert.match(fault?.expected ?? '', /at least 32 characters.*X-Postern-Guard/);
  });

  it('needs no APP_SECRET in production if APP_SECRET_FILE is set', () => {
    const path = join(folder, 'secrets');
    writeFileSync(path, `${SECRET}\n${OLDER}\n`);
    const { secrets } = configOf({ ...PRODUCTION, APP_SECRET: undefined, APP_SECRET_FILE: path });
    assert.deepEqual(secrets, { kind: 'file', path });
  });

  for (const [name, url, key] of [
    ['DATABASE_URL', 'postgres://postern:hush@db/postern', 'databaseUrl'],
    ['REDIS_URL', 'redis://:hush@cache', 'redisUrl'],
    ['SMTP_URL', 'smtps://postern:hush@mail.example.org', 'smtpUrl'],
  ] as const) {
    it(`reads ${name} from the file in ${name}_FILE, also in production`, () => {
      const path = join(folder, name);
      writeFileSync(path, `${url}\n`);
      assert.equal(configOf({ ...PRODUCTION, [name]: undefined, [`${name}_FILE`]: path })[key], url);
    });

    it(`refuses a ${name}_FILE that is missing or empty, and ${name} together with it`, () => {
      const variable = `${name}_FILE`;
      const path = join(folder, `${name}-empty`);
      writeFileSync(path, '\n');
      const unset = { ...PRODUCTION, [name]: undefined };
      assert.deepEqual(faultyVariables({ ...unset, [variable]: '/nowhere/at/all' }), [variable]);
      assert.deepEqual(faultyVariables({ ...unset, [variable]: path }), [variable]);
      assert.deepEqual(faultyVariables({ ...PRODUCTION, [name]: url, [variable]: path }), [name]);
    });

    it(`never repeats the content of a ${name}_FILE, well-formed or not`, () => {
      const path = join(folder, `${name}-malformed`);
      writeFileSync(path, 'gopher://ann:hush@nowhere');
      const faults = faultsOf({ [`${name}_FILE`]: path });
      assert.deepEqual(
        faults.map(({ variable }) => variable),
        [name],
      );
      assert.doesNotMatch(JSON.stringify(faults), /hush/);
    });
  }

  it('reports missing and wrong variables together', () => {
    assert.deepEqual(faultyVariables({ NODE_ENV: 'production', PORT: 'x' }), [
      'PORT',
      'BASE_URL',
      'SMTP_URL',
      'APP_SECRET',
    ]);
  });

  it('accepts several secrets, newest first, separated by commas or white space', () => {
    for (const separator of [',', ' ', ', ', '\n']) {
      const { secrets } = configOf({ APP_SECRET: `${SECRET}${separator}${OLDER}` });
      assert.deepEqual(secrets, { kind: 'environment', secrets: [SECRET, OLDER] });
    }
  });

  it('refuses secrets if one of them is shorter than 32 characters', () => {
    assert.deepEqual(faultyVariables({ APP_SECRET: `${SECRET},${'x'.repeat(31)}` }), ['APP_SECRET']);
    assert.equal(configOf({ APP_SECRET: 'x'.repeat(32) }).secrets.kind, 'environment');
    const path = join(folder, 'short');
    writeFileSync(path, `${SECRET}\nshort\n`);
    assert.deepEqual(faultyVariables({ APP_SECRET_FILE: path }), ['APP_SECRET_FILE']);
  });

  it('refuses secrets from two places', () => {
    const path = join(folder, 'both');
    writeFileSync(path, `${SECRET}\n`);
    assert.deepEqual(faultyVariables({ APP_SECRET: SECRET, APP_SECRET_FILE: path }), ['APP_SECRET']);
  });

  it('never repeats a password or a secret in an error', () => {
    const hidden = 'Hush-Hush-1';
    const environment = {
      BASE_URL: `https://ann:${hidden}@help.example.org`,
      HELP_CENTER_URL: `ftp://ann:${hidden}@help.example.org`,
      DATABASE_URL: `postgre://ann:${hidden}@db/x`,
      REDIS_URL: `redis//:${hidden}@cache`,
      SMTP_URL: `smtp:/${hidden}`,
      APP_SECRET: hidden,
      APP_SECRET_FILE: hidden,
    };
    const faults = faultsOf(environment);
    assert.deepEqual(new Set(faults.map(({ variable }) => variable)), new Set(Object.keys(environment)));
    assert.doesNotMatch(formatFaults(faults), new RegExp(hidden));
    assert.doesNotMatch(JSON.stringify(faults), new RegExp(hidden));
  });

  it('accepts only an origin as BASE_URL, and normalises it as browsers do', () => {
    assert.equal(configOf({ BASE_URL: 'HTTPS://Help.Example.org:443/' }).baseUrl, 'https://help.example.org');
    assert.equal(configOf({ BASE_URL: 'http://[::1]:8080' }).baseUrl, 'http://[::1]:8080');
    for (const url of [
      'https://a.example/x',
      'https://a.example/?',
      'https://a.example/#',
      'a.example',
      'ftp://a.example',
      'https:a.example',
    ]) {
      assert.deepEqual(faultyVariables({ BASE_URL: url }), ['BASE_URL'], url);
    }
  });

  it('derives the origin from PORT, and the sender from the origin', () => {
    assert.equal(configOf({ PORT: '8080' }).baseUrl, 'http://localhost:8080');
    const sender = (baseUrl: string) => configOf({ BASE_URL: baseUrl }).mailFrom.address;
    assert.equal(sender('https://help.example.org:8443'), 'postern@help.example.org');
    assert.equal(sender('http://192.0.2.1'), 'postern@localhost');
    assert.equal(sender('http://[2001:db8::1]'), 'postern@localhost');
  });

  it('accepts the supported databases', () => {
    for (const url of [
      'sqlite::memory:',
      'sqlite:./a b.sqlite',
      'sqlite:/var/lib/x',
      'postgresql://db/x',
      'mysql://u:p@db:3306/x',
      'mariadb://db/x',
    ]) {
      assert.equal(configOf({ DATABASE_URL: url }).databaseUrl, url);
    }
    for (const url of ['sqlite:', 'postgres:', 'mysql', 'file:x.sqlite']) {
      assert.deepEqual(faultyVariables({ DATABASE_URL: url }), ['DATABASE_URL'], url);
    }
  });

  it('accepts a sender with and without a name, and nothing that could become two headers', () => {
    const mailbox = (text: string) => configOf({ MAIL_FROM: text }).mailFrom;
    assert.deepEqual(mailbox('desk@example.org'), { name: '', address: 'desk@example.org' });
    assert.deepEqual(mailbox('Help Desk <desk@example.org>'), {
      name: 'Help Desk',
      address: 'desk@example.org',
    });
    assert.deepEqual(mailbox('<desk@localhost>'), { name: '', address: 'desk@localhost' });
    for (const text of [
      'desk',
      'a@b@c',
      'a@b, c@d',
      'X\r\nBcc: y <a@b>',
      'a@b\r\nBcc: c',
      'Desk <>',
      '<a@b',
    ]) {
      assert.deepEqual(faultyVariables({ MAIL_FROM: text }), ['MAIL_FROM'], JSON.stringify(text));
    }
  });

  it('has bounds for the failures and mails of one client', () => {
    const limits = (environment: Environment) => configOf(environment).clientLimits;
    assert.deepEqual(limits({ CLIENT_FAILURES: '10', CLIENT_MAILS: '100000' }), {
      failures: 10,
      mails: 100_000,
    });
    for (const text of ['0', '9', '100001', '-1', '1e3', '50.5', 'none']) {
      assert.deepEqual(
        faultyVariables({ CLIENT_FAILURES: text, CLIENT_MAILS: text }),
        ['CLIENT_FAILURES', 'CLIENT_MAILS'],
        text,
      );
    }
  });

  it('explains why trusting everybody is refused', () => {
    const outcome = readConfig({ TRUST_PROXY: '0.0.0.0/1,128.0.0.0/1' });
    assert.match(
      outcome.ok ? '' : formatFaults(outcome.faults),
      /TRUST_PROXY: expected only the addresses of your own proxies .*, but it is "0\.0\.0\.0\/1,128/,
    );
  });

  it('trusts a number of proxies, or addresses and subnets, and never everybody', () => {
    const trust = (text: string) => configOf({ TRUST_PROXY: text }).trustProxy;
    assert.equal(trust('1'), 1);
    assert.equal(trust('0'), false);
    assert.deepEqual(trust('loopback, 10.0.0.0/8,2001:db8::/32, 192.0.2.1'), [
      'loopback',
      '10.0.0.0/8',
      '2001:db8::/32',
      '192.0.2.1',
    ]);
    assert.equal(trust('10'), 10);
    for (const text of [
      'linklocal,uniquelocal',
      'fc00::/7,fe80::/10, ::ffff:10.0.0.0/104',
      '173.245.48.0/20,104.16.0.0/13,172.64.0.0/13,2400:cb00::/32,2600::/16',
      '::1,FD00::/8',
    ]) {
      assert.ok(Array.isArray(trust(text)), text);
    }
    for (const text of [
      'true',
      '11',
      '99',
      '0.0.0.0/0',
      '10.0.0.0/33',
      '::/0',
      '0.0.0.0/1,128.0.0.0/1',
      '0.0.0.0/1, 128.0.0.0/2, 192.0.0.0/2',
      '10.0.0.0/7',
      '::/1,8000::/1',
      '2000::/3',
      '2000::/15',
      'fc00::/6',
      'fe80::/9',
      '::ffff:0.0.0.0/96',
      '::ffff:0:0/97',
      '::ffff:a00:0/103',
      Array.from({ length: 256 }, (_, i) => `${i}.0.0.0/8`).join(),
      '-1',
      'proxy.example',
      '10.0.0.1,',
      '10.0.0.0/8/8',
    ]) {
      assert.deepEqual(faultyVariables({ TRUST_PROXY: text }), ['TRUST_PROXY'], text);
    }
  });
});
