import { isLoopback } from '../kernel/loopback.ts';
import type { ConfigError, Environment } from './environment.ts';
import { DEFAULT_PORT, parseOrigin, SECRETS_EXPECTED } from './values.ts';

/** Errors of variables in combination: contradictions, and what another variable requires. */
export function faultsTogether(given: Environment): readonly ConfigError[] {
  return [
    ...missingInProduction(given),
    ...plainInProduction(given),
    ...secretsGivenTwice(given),
    ...portsGivenTwice(given),
  ];
}

function missingInProduction(given: Environment): ConfigError[] {
  if (given['NODE_ENV'] !== 'production') return [];
  const missing: ConfigError[] = [];
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

/** Without TLS, anybody on the way can read the passwords: plain HTTP in production has to be allowed explicitly. */
function plainInProduction(given: Environment): ConfigError[] {
  const baseUrl = parseOrigin(given['BASE_URL'] ?? '');
  const isSafe = baseUrl === undefined || baseUrl.startsWith('https:') || isLoopback(baseUrl);
  if (given['NODE_ENV'] !== 'production' || isSafe || given['ALLOW_PLAIN_HTTP'] === 'yes') return [];
  const expected =
    '"https://…" in production, served by a proxy in front (or ALLOW_PLAIN_HTTP=yes on a network where nobody can listen)';
  return [{ variable: 'BASE_URL', expected, given: JSON.stringify(baseUrl) }];
}

function secretsGivenTwice(given: Environment): ConfigError[] {
  if (!given['APP_SECRET'] || !given['APP_SECRET_FILE']) return [];
  return [
    { variable: 'APP_SECRET', expected: 'no value, because APP_SECRET_FILE is set: only one of the two' },
  ];
}

function portsGivenTwice(given: Environment): ConfigError[] {
  if (!given['METRICS_PORT'] || Number(given['METRICS_PORT']) !== Number(given['PORT'] ?? DEFAULT_PORT))
    return [];
  return [{ variable: 'METRICS_PORT', expected: 'another port than PORT' }];
}
