import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { parseDatabaseUrl } from './addresses/database-url.ts';
import { parseRedisUrl } from './addresses/redis-url.ts';
import {
  type Mailbox,
  oneOf,
  parseHost,
  parseMailbox,
  parseOrigin,
  parseToken,
  parseTrustProxy,
  parseWebUrl,
  secondsBetween,
  server,
  variable,
  wholeNumber,
} from './config-values.ts';
import { MINIMUM_SECRET_LENGTH, parseSecrets, readSecrets, type SecretPlace } from './secrets.ts';
import { seconds } from './time.ts';
import { FILE_VARIABLES, withFiles } from './value-files.ts';

/** sysexits.h EX_CONFIG: the supervisor need not try again before somebody has changed the configuration. */
export const EX_CONFIG = 78;

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** What the environment says. Holds secrets: never log it. */
export interface Config {
  readonly production: boolean;
  /** The address to listen on; undefined: every one that the machine has, IPv6 included. */
  readonly host: string | undefined;
  readonly port: number;
  /** The public origin, such as "https://help.example.org": no path, no slash at the end. */
  readonly baseUrl: string;
  /** Absolute path. */
  readonly dataDir: string;
  /** `sqlite:<path>`, `postgres://…`, `postgresql://…`, `mysql://…` or `mariadb://…`. */
  readonly databaseUrl: string;
  /** The most connections that one instance has to a database server, and how long one is waited for, in milliseconds. */
  readonly databaseLimits: { readonly poolSize: number; readonly timeout: number };
  /** Undefined: sessions are in the database. */
  readonly redisUrl: string | undefined;
  /** How long an answer is waited for. Milliseconds. */
  readonly redisTimeout: number;
  /** Undefined: mail goes to the outbox folder. */
  readonly smtpUrl: string | undefined;
  readonly mailFrom: Mailbox;
  readonly secrets: SecretPlace;
  /** Express's `trust proxy`: a number of hops, or addresses and subnets. */
  readonly trustProxy: number | readonly string[] | false;
  readonly helpCenterUrl: string | undefined;
  /** Where the figures are read; undefined: nowhere, and nothing is measured. */
  readonly metrics: { readonly port: number | undefined; readonly token: string | undefined } | undefined;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

/** A variable that cannot be used as it is. `given` is left out where it could hold a secret. */
export interface Fault {
  readonly variable: string;
  readonly expected: string;
  readonly given?: string;
}

export type ConfigOutcome =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly faults: readonly Fault[] };

export type Environment = Readonly<Record<string, string | undefined>>;

/** Their values may hold a password or a secret, also (and above all) where they are malformed. */
const SECRET_VARIABLES: ReadonlySet<string> = new Set([
  'DATABASE_URL',
  'REDIS_URL',
  'SMTP_URL',
  'APP_SECRET',
  'APP_SECRET_FILE',
  'METRICS_TOKEN',
]);

const DEFAULT_PORT = 3000;
const parsePort = wholeNumber(1, 65_535);

const DEFAULT_CONNECTIONS = 10;
const MOST_CONNECTIONS = 100;
/** A page comes within five seconds, if only to say what is missing: with one wait for a connection, */
const LONGEST_DATABASE_WAIT = 5;
/** or with two for Redis, which is asked for the session, and at the end to keep it. */
const LONGEST_REDIS_WAIT = 2.5;

const SECRETS_EXPECTED = `secrets of at least ${MINIMUM_SECRET_LENGTH} characters each`;

const variables = z.object({
  NODE_ENV: variable('"production", "development" or "test"', oneOf(['production', 'development', 'test'])),
  HOST: variable('a host name or an IP address', parseHost),
  PORT: variable('a whole number from 1 to 65535', parsePort),
  BASE_URL: variable('a public origin such as "https://help.example.org", without a path', parseOrigin),
  DATA_DIR: variable('the path of a folder', (text) => (text.includes('\0') ? undefined : resolve(text))),
  DATABASE_URL: variable(
    'a URL such as "sqlite:data/postern.sqlite", "postgres://user:password@host/name" or "mysql://user:password@host/name"',
    parseDatabaseUrl,
  ),
  DATABASE_POOL_SIZE: variable(
    `a whole number of connections from 1 to ${MOST_CONNECTIONS}`,
    wholeNumber(1, MOST_CONNECTIONS),
  ),
  DATABASE_TIMEOUT: variable(
    `seconds from 1 to ${LONGEST_DATABASE_WAIT}`,
    secondsBetween(1, LONGEST_DATABASE_WAIT),
  ),
  REDIS_URL: variable(
    'a URL such as "redis://host:6379", "rediss://host:6379" (TLS), "redis+sentinel://host1,host2/mymaster" or "redis+cluster://host1,host2"',
    (text) => parseRedisUrl(text) && text,
  ),
  REDIS_TIMEOUT: variable(
    `seconds from 0.1 to ${LONGEST_REDIS_WAIT}, such as "1" or "0.5"`,
    secondsBetween(0.1, LONGEST_REDIS_WAIT),
  ),
  SMTP_URL: variable(
    'a URL such as "smtps://user:password@host" or "smtp://host:587"',
    server(['smtp:', 'smtps:']),
  ),
  MAIL_FROM: variable('an address such as "help@example.org" or "Help <help@example.org>"', parseMailbox),
  APP_SECRET: variable(`${SECRETS_EXPECTED}, newest first, separated by commas or white space`, parseSecrets),
  APP_SECRET_FILE: variable(
    `the path of a file that can be read, with ${SECRETS_EXPECTED}, newest first, one per line`,
    parseSecretFile,
  ),
  TRUST_PROXY: variable(
    'a number of proxies, or addresses and subnets such as "10.0.0.0/8, 192.0.2.1", separated by commas',
    parseTrustProxy,
  ),
  HELP_CENTER_URL: variable('a URL that begins with "https://" or "http://"', parseWebUrl),
  METRICS_PORT: variable('a whole number from 1 to 65535, other than PORT', parsePort),
  METRICS_TOKEN: variable(
    `a token of at least ${MINIMUM_SECRET_LENGTH} characters, without white space`,
    parseToken,
  ),
  LOG_LEVEL: variable(`one of ${LOG_LEVELS.map((level) => `"${level}"`).join(', ')}`, oneOf(LOG_LEVELS)),
});

type Variables = z.infer<typeof variables>;

/** Parses the environment. What is empty counts as not set; every fault is found at once. */
export function readConfig(environment: Environment): ConfigOutcome {
  const { given, faults: unreadable } = withFiles(
    Object.fromEntries(
      [...Object.keys(variables.shape), ...FILE_VARIABLES].map((name) => [
        name,
        environment[name]?.trim() || undefined,
      ]),
    ),
  );
  const parsed = variables.safeParse(given);
  const faults = [
    ...unreadable,
    ...(parsed.error?.issues ?? []).map((issue) => fault(String(issue.path[0]), issue.message, given)),
    ...missingInProduction(given),
    ...secretsGivenTwice(given),
    ...portsGivenTwice(given),
  ];
  return parsed.success && faults.length === 0
    ? { ok: true, config: configOf(parsed.data) }
    : { ok: false, faults };
}

/** The faults as plain text for a console. */
export function formatFaults(faults: readonly Fault[]): string {
  const lines = faults.map(({ variable: name, expected, given }) => {
    const but = given === undefined ? '' : `, but it is ${given}`;
    return `  ${name}: expected ${expected}${but}`;
  });
  return ['Postern cannot start. Change these environment variables:', ...lines, ''].join('\n');
}

function fault(name: string, expected: string, given: Environment): Fault {
  const value = given[name];
  if (value === undefined || SECRET_VARIABLES.has(name)) return { variable: name, expected };
  // A name and a password stand before an "@", in whatever is meant to be a URL.
  if (name.endsWith('_URL') && value.includes('@')) return { variable: name, expected };
  return { variable: name, expected, given: JSON.stringify(value.slice(0, 80)) };
}

function missingInProduction(given: Environment): Fault[] {
  if (given['NODE_ENV'] !== 'production') return [];
  const missing: Fault[] = [];
  if (!given['BASE_URL'])
    missing.push({ variable: 'BASE_URL', expected: 'the public origin, in production' });
  if (!given['SMTP_URL'] && !given['SMTP_URL_FILE'])
    missing.push({ variable: 'SMTP_URL', expected: 'a mail server, in production' });
  if (!given['APP_SECRET'] && !given['APP_SECRET_FILE']) {
    missing.push({
      variable: 'APP_SECRET',
      expected: `(or APP_SECRET_FILE) ${SECRETS_EXPECTED}, in production`,
    });
  }
  return missing;
}

function secretsGivenTwice(given: Environment): Fault[] {
  if (!given['APP_SECRET'] || !given['APP_SECRET_FILE']) return [];
  return [{ variable: 'APP_SECRET', expected: 'nothing where APP_SECRET_FILE is set: only one of the two' }];
}

function portsGivenTwice(given: Environment): Fault[] {
  if (!given['METRICS_PORT'] || Number(given['METRICS_PORT']) !== Number(given['PORT'] ?? DEFAULT_PORT))
    return [];
  return [{ variable: 'METRICS_PORT', expected: 'another port than PORT' }];
}

function configOf(given: Variables): Config {
  const port = given.PORT ?? DEFAULT_PORT;
  const baseUrl = given.BASE_URL ?? `http://localhost:${port}`;
  const dataDir = given.DATA_DIR ?? resolve('data');
  return {
    production: given.NODE_ENV === 'production',
    host: given.HOST,
    port,
    baseUrl,
    dataDir,
    databaseUrl: given.DATABASE_URL ?? `sqlite:${join(dataDir, 'postern.sqlite')}`,
    databaseLimits: {
      poolSize: given.DATABASE_POOL_SIZE ?? DEFAULT_CONNECTIONS,
      timeout: given.DATABASE_TIMEOUT ?? seconds(LONGEST_DATABASE_WAIT),
    },
    redisUrl: given.REDIS_URL,
    redisTimeout: given.REDIS_TIMEOUT ?? seconds(LONGEST_REDIS_WAIT),
    smtpUrl: given.SMTP_URL,
    mailFrom: given.MAIL_FROM ?? defaultMailbox(baseUrl),
    secrets: secretPlace(given, dataDir),
    trustProxy: given.TRUST_PROXY ?? false,
    helpCenterUrl: given.HELP_CENTER_URL,
    metrics:
      given.METRICS_PORT || given.METRICS_TOKEN
        ? { port: given.METRICS_PORT, token: given.METRICS_TOKEN }
        : undefined,
    logLevel: given.LOG_LEVEL ?? 'info',
  };
}

function defaultMailbox(baseUrl: string): Mailbox {
  const { hostname } = new URL(baseUrl);
  const isAddress = isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
  return { name: '', address: `postern@${isAddress ? 'localhost' : hostname}` };
}

function secretPlace(given: Variables, dataDir: string): SecretPlace {
  if (given.APP_SECRET) return { kind: 'environment', secrets: given.APP_SECRET };
  if (given.APP_SECRET_FILE) return { kind: 'file', path: given.APP_SECRET_FILE };
  return { kind: 'data folder', path: join(dataDir, 'secret') };
}

function parseSecretFile(path: string): string | undefined {
  return readSecrets(path) === undefined ? undefined : resolve(path);
}
