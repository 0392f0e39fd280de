import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { MINIMUM_SECRET_LENGTH, parseSecrets, readSecrets, type SecretPlace } from './secrets.ts';
import { FILE_VARIABLES, withFiles } from './value-files.ts';

/** sysexits.h EX_CONFIG: the supervisor need not try again before somebody has changed the configuration. */
export const EX_CONFIG = 78;

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** A mail address with the name to show for it; the name may be empty. */
export interface Mailbox {
  readonly name: string;
  readonly address: string;
}

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
  /** Undefined: sessions are in the database. */
  readonly redisUrl: string | undefined;
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
  REDIS_URL: variable(
    'a URL such as "redis://host:6379" or "rediss://host:6379"',
    server(['redis:', 'rediss:']),
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
    redisUrl: given.REDIS_URL,
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

/** A variable that may be absent; `parse` gives undefined for what is not as `expected`. */
function variable<T>(expected: string, parse: (text: string) => T | undefined) {
  return z
    .string()
    .transform((text, context): T => {
      const value = parse(text);
      if (value !== undefined) return value;
      context.issues.push({ code: 'custom', message: expected, input: text });
      return z.NEVER;
    })
    .optional();
}

function oneOf<const T extends string>(choices: readonly T[]) {
  return (text: string): T | undefined => choices.find((choice) => choice === text);
}

function parseHost(text: string): string | undefined {
  const bare = text.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) !== 0 || /^[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(bare) ? bare : undefined;
}

function parsePort(text: string): number | undefined {
  const port = Number(text);
  return /^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535 ? port : undefined;
}

function parseOrigin(text: string): string | undefined {
  const url = webUrl(text);
  return url?.pathname === '/' && !/[?#@]/.test(text) ? url.origin : undefined;
}

function parseWebUrl(text: string): string | undefined {
  return webUrl(text)?.href;
}

function webUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  return /^https?:\/\//i.test(text) && url !== null ? url : undefined;
}

/** A URL of one of the databases that the portal runs on; undefined for anything else. */
export function parseDatabaseUrl(text: string): string | undefined {
  if (/^sqlite:./.test(text)) return text;
  return server(['postgres:', 'postgresql:', 'mysql:', 'mariadb:'])(text);
}

function server(protocols: readonly string[]) {
  return (text: string): string | undefined => {
    const url = URL.parse(text);
    return url !== null && protocols.includes(url.protocol) && url.hostname !== '' ? text : undefined;
  };
}

function parseMailbox(text: string): Mailbox | undefined {
  const [, name = '', inBrackets] = /^"?([^"<>\p{Cc}]*?)"?\s*<([^<>]*)>$/u.exec(text) ?? [];
  const address = inBrackets ?? text;
  const wellFormed = /^[^\s@<>(),:;"[\]\\\p{Cc}]+@[^\s@<>(),:;"[\]\\\p{Cc}]+$/u.test(address);
  return wellFormed ? { name: name.trim(), address } : undefined;
}

function parseToken(text: string): string | undefined {
  return /^[\x21-\x7e]+$/.test(text) && text.length >= MINIMUM_SECRET_LENGTH ? text : undefined;
}

function parseSecretFile(path: string): string | undefined {
  return readSecrets(path) === undefined ? undefined : resolve(path);
}

function parseTrustProxy(text: string): number | readonly string[] | false | undefined {
  if (/^\d{1,2}$/.test(text)) return Number(text) || false;
  const ranges = text.split(',').map((range) => range.trim());
  return ranges.every(isRange) ? ranges : undefined;
}

/** An address, a subnet, or one of the names that Express knows. A subnet of no bits would trust everybody. */
function isRange(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}
