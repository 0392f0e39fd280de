import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { EnvironmentFault } from '../kernel/environment-fault.ts';
import { seconds } from '../kernel/time.ts';
import type { ClientLimits } from '../limits/client-budget.ts';
import { parseSmtpUrl } from '../mail/smtp-url.ts';
import { parseRedisUrl } from '../storage/redis/redis-url.ts';
import { parseDatabaseUrl } from '../storage/sql/database-url.ts';
import { faultsTogether } from './combinations.ts';
import type { ConfigError, Environment } from './environment.ts';
import { FILE_VARIABLES, withFiles } from './secret-files.ts';
import { MINIMUM_SECRET_LENGTH, parseSecrets, readSecrets, type SecretPlace } from './secrets.ts';
import { MOST_HOPS, parseAddresses, parseTrustProxy } from './trusted-proxies.ts';
import {
  DEFAULT_PORT,
  type Mailbox,
  oneOf,
  parseHost,
  parseMailbox,
  parseOrigin,
  parseToken,
  parseWebUrl,
  SECRETS_EXPECTED,
  secondsBetween,
  variable,
  wholeNumber,
} from './values.ts';

/** sysexits.h EX_CONFIG: a restart is useless until the configuration changes. */
export const EX_CONFIG = 78;

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** The parsed environment. Contains secrets: never log it. */
export interface Config {
  readonly production: boolean;
  /** The address to listen on; undefined: all addresses, IPv6 included. */
  readonly host: string | undefined;
  readonly port: number;
  /** The public origin, such as "https://help.example.org": no path, no slash at the end. */
  readonly baseUrl: string;
  /** Absolute path. */
  readonly dataDir: string;
  /** `sqlite:<path>`, `postgres://…`, `postgresql://…`, `mysql://…` or `mariadb://…`. */
  readonly databaseUrl: string;
  /** Maximum of connections of one instance to a database server, and how long to wait for one. Milliseconds. */
  readonly databaseLimits: { readonly poolSize: number; readonly timeout: number };
  /** Undefined: sessions are in the database. */
  readonly redisUrl: string | undefined;
  /** How long to wait for an answer. Milliseconds. */
  readonly redisTimeout: number;
  /** Undefined: mail goes to the outbox folder. */
  readonly smtpUrl: string | undefined;
  readonly mailFrom: Mailbox;
  readonly secrets: SecretPlace;
  /** Express's `trust proxy`: a number of hops, or addresses and subnets. */
  readonly trustProxy: number | readonly string[] | false;
  /** How long an idle connection is kept open. Milliseconds. */
  readonly keepAlive: number;
  /** Budgets of one client across all accounts. */
  readonly clientLimits: ClientLimits;
  readonly helpCenterUrl: string | undefined;
  /** Where the metrics are served; undefined: nowhere, and nothing is measured. */
  readonly metrics: { readonly port: number | undefined; readonly token: string | undefined } | undefined;
  /** Who may ask for forward-auth checks: addresses and subnets, or who has the token. Neither: nobody. */
  readonly guard: { readonly proxies: readonly string[]; readonly token: string | undefined };
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

/** The configuration, or every error in it. An error's `given` is left out if it could contain a secret. */
export type ConfigOutcome =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly faults: readonly ConfigError[] };

/** Their values may contain a password or a secret, above all when they are malformed. */
const SECRET_VARIABLES: ReadonlySet<string> = new Set([
  'DATABASE_URL',
  'REDIS_URL',
  'SMTP_URL',
  'APP_SECRET',
  'APP_SECRET_FILE',
  'METRICS_TOKEN',
  'GUARD_TOKEN',
]);

const parsePort = wholeNumber(1, 65_535);

const DEFAULT_CONNECTIONS = 10;
const MOST_CONNECTIONS = 100;
/** Every page answers within five seconds, if only to say what is down: one wait for a database connection, */
const LONGEST_DATABASE_WAIT = 5;
/** or two for Redis, which is asked for the session and to store it. */
const LONGEST_REDIS_WAIT = 2.5;

/**
 * Longer than common proxies keep a connection (nginx, Apache and AWS load balancers 60 s, Caddy 120 s): the side that sends the
 * next request has to close first, or a form meets a closing connection and becomes a 502.
 */
const DEFAULT_KEEP_ALIVE = 125;
const LONGEST_KEEP_ALIVE = 900;

/** Below this, neighbours would wait for each other's typing errors. */
const FEWEST_PER_CLIENT = 10;
const MOST_PER_CLIENT = 100_000;
const DEFAULT_CLIENT_LIMITS: ClientLimits = { failures: 50, mails: 100 };

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
  SMTP_URL: variable('a URL such as "smtps://user:password@host" or "smtp://host:587"', parseSmtpUrl),
  MAIL_FROM: variable('an address such as "help@example.org" or "Help <help@example.org>"', parseMailbox),
  APP_SECRET: variable(`${SECRETS_EXPECTED}, newest first, separated by commas or white space`, parseSecrets),
  APP_SECRET_FILE: variable(
    `the path of a readable file with ${SECRETS_EXPECTED}, newest first, one per line`,
    parseSecretFile,
  ),
  TRUST_PROXY: variable(
    `a number of proxies up to ${MOST_HOPS}, or addresses and subnets such as "10.0.0.0/8, 192.0.2.1", separated by commas`,
    parseTrustProxy,
  ),
  KEEP_ALIVE_TIMEOUT: variable(
    `seconds from 1 to ${LONGEST_KEEP_ALIVE}, more than the proxy keeps an idle connection`,
    secondsBetween(1, LONGEST_KEEP_ALIVE),
  ),
  CLIENT_FAILURES: variable(
    `a whole number of wrong passwords from ${FEWEST_PER_CLIENT} to ${MOST_PER_CLIENT}`,
    wholeNumber(FEWEST_PER_CLIENT, MOST_PER_CLIENT),
  ),
  CLIENT_MAILS: variable(
    `a whole number of mails from ${FEWEST_PER_CLIENT} to ${MOST_PER_CLIENT}`,
    wholeNumber(FEWEST_PER_CLIENT, MOST_PER_CLIENT),
  ),
  ALLOW_PLAIN_HTTP: variable('"yes", or no value', oneOf(['yes'])),
  HELP_CENTER_URL: variable('a URL that begins with "https://" or "http://"', parseWebUrl),
  METRICS_PORT: variable('a whole number from 1 to 65535, other than PORT', parsePort),
  METRICS_TOKEN: variable(
    `a token of at least ${MINIMUM_SECRET_LENGTH} characters, without white space`,
    parseToken,
  ),
  GUARD_PROXIES: variable(
    'the addresses and subnets of the proxies in front of your apps, such as "127.0.0.1, ::1, 10.0.3.0/24", separated by commas',
    parseAddresses,
  ),
  GUARD_TOKEN: variable(
    `a token of at least ${MINIMUM_SECRET_LENGTH} characters, without white space, that your proxies send as X-Postern-Guard`,
    parseToken,
  ),
  LOG_LEVEL: variable(`one of ${LOG_LEVELS.map((level) => `"${level}"`).join(', ')}`, oneOf(LOG_LEVELS)),
});

type Variables = z.infer<typeof variables>;

/** Parses the environment. Empty variables count as not set; all errors are found at once. */
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
    ...faultsTogether(given),
  ];
  return parsed.success && faults.length === 0
    ? { ok: true, config: configOf(parsed.data) }
    : { ok: false, faults };
}

/** An error that only the start finds, as plain text for a console, in the form of `formatFaults`. */
export function formatEnvironmentFault({ variable: name, message }: EnvironmentFault): string {
  return `Postern cannot start.\n  ${name}: ${message}\n`;
}

/** The errors as plain text for a console. */
export function formatFaults(faults: readonly ConfigError[]): string {
  const lines = faults.map(({ variable: name, expected, given }) => {
    const but = given === undefined ? '' : `, but it is ${given}`;
    return `  ${name}: expected ${expected}${but}`;
  });
  return ['Postern cannot start. Change these environment variables:', ...lines, ''].join('\n');
}

function fault(name: string, expected: string, given: Environment): ConfigError {
  const value = given[name];
  if (value === undefined || SECRET_VARIABLES.has(name)) return { variable: name, expected };
  // Before an "@" there is a user name and a password, even if the URL is malformed.
  if (name.endsWith('_URL') && value.includes('@')) return { variable: name, expected };
  return { variable: name, expected, given: JSON.stringify(value.slice(0, 80)) };
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
    databaseUrl: given.DATABASE_URL ?? defaultDatabaseUrl(dataDir),
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
    keepAlive: given.KEEP_ALIVE_TIMEOUT ?? seconds(DEFAULT_KEEP_ALIVE),
    clientLimits: {
      failures: given.CLIENT_FAILURES ?? DEFAULT_CLIENT_LIMITS.failures,
      mails: given.CLIENT_MAILS ?? DEFAULT_CLIENT_LIMITS.mails,
    },
    helpCenterUrl: given.HELP_CENTER_URL,
    metrics:
      given.METRICS_PORT || given.METRICS_TOKEN
        ? { port: given.METRICS_PORT, token: given.METRICS_TOKEN }
        : undefined,
    guard: { proxies: given.GUARD_PROXIES ?? [], token: given.GUARD_TOKEN },
    logLevel: given.LOG_LEVEL ?? 'info',
  };
}

/** SQLite in the data folder, if no other database is configured. */
function defaultDatabaseUrl(dataDir: string): string {
  return `sqlite:${join(dataDir, 'postern.sqlite')}`;
}

/** The variable that sets where the database is: without DATABASE_URL it is in DATA_DIR. */
export function variableOfDatabase({ databaseUrl, dataDir }: Config): string {
  return databaseUrl === defaultDatabaseUrl(dataDir) ? 'DATA_DIR' : 'DATABASE_URL';
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
