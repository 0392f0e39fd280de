import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { Misfit } from './misfit.ts';

/** What TLS to a database stands on. PEM, as text. */
export interface DatabaseTls {
  /** Undefined: whom Node trusts. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** Whether a server whose certificate is by nobody trusted, or for another name, is refused. */
  readonly verified: boolean;
}

export interface DatabaseAddress {
  /** Without what it said of TLS. */
  readonly url: string;
  /** Undefined: plain text. */
  readonly tls: DatabaseTls | undefined;
}

const SERVERS = ['postgres:', 'postgresql:', 'mysql:', 'mariadb:'];

/** libpq's names, for MariaDB too. */
const TLS_PARAMETERS = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey'] as const;

/** libpq's `require` and `verify-ca` look at less of the certificate: who asks for them is given more. */
const VERIFYING_MODES = ['verify-full', 'verify-ca', 'require'];
/** node-postgres's name for it. */
const UNVERIFIED_MODE = 'no-verify';
const MODES = [...VERIFYING_MODES, UNVERIFIED_MODE, 'disable'];

/**
 * A URL of one of the databases that the portal runs on; undefined for anything else.
 *
 * @throws Misfit where it is one, but what it says of TLS cannot be done
 */
export function parseDatabaseUrl(text: string): string | undefined {
  if (/^sqlite:./.test(text)) return text;
  const url = URL.parse(text);
  if (url === null || !SERVERS.includes(url.protocol) || url.hostname === '') return undefined;
  databaseAddress(text);
  return text;
}

/** Takes apart the URL of a database server. Throws Misfit as `parseDatabaseUrl` does. */
export function databaseAddress(text: string): DatabaseAddress {
  const url = new URL(text);
  const mode = url.searchParams.get('sslmode');
  refuseMisspelt(url);
  if (mode !== null && !MODES.includes(mode)) {
    throw new Misfit(`sslmode to be one of ${MODES.map((known) => `"${known}"`).join(', ')}`);
  }
  if (!TLS_PARAMETERS.some((name) => url.searchParams.has(name))) return { url: text, tls: undefined };
  const tls = mode === 'disable' ? undefined : tlsOf(url);
  for (const name of TLS_PARAMETERS) url.searchParams.delete(name);
  return { url: url.href, tls };
}

/** The drivers pass over what they do not know: a parameter that was mistyped would leave the connection in plain text. */
function refuseMisspelt(url: URL): void {
  const known: readonly string[] = [...TLS_PARAMETERS, 'sslnegotiation'];
  for (const name of url.searchParams.keys()) {
    if (/^(?:use)?[-_]?(?:ssl|tls)/i.test(name) && !known.includes(name)) {
      throw new Misfit(`nothing else about TLS than ${TLS_PARAMETERS.join(', ')}`);
    }
  }
}

function tlsOf(url: URL): DatabaseTls {
  const verified = url.searchParams.get('sslmode') !== UNVERIFIED_MODE;
  const isMariadb = /^(?:mysql|mariadb):$/.test(url.protocol);
  // mysql2 would look for "localhost" in the certificate.
  if (verified && isMariadb && isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0) {
    throw new Misfit('the host by its name, as in the certificate, where MariaDB is asked for TLS');
  }
  const tls = {
    ca: pem(url, 'sslrootcert'),
    cert: pem(url, 'sslcert'),
    key: pem(url, 'sslkey'),
    verified,
  };
  try {
    // Node takes a file without any certificate for one that vouches for nobody.
    if (tls.ca !== undefined) new X509Certificate(tls.ca);
    createSecureContext({ ca: tls.ca, cert: tls.cert, key: tls.key });
  } catch {
    throw new Misfit(
      'certificates and a key that belongs to them (PEM) in the files of sslrootcert, sslcert, sslkey',
    );
  }
  return tls;
}

function pem(url: URL, parameter: (typeof TLS_PARAMETERS)[number]): string | undefined {
  const path = url.searchParams.get(parameter);
  if (path === null) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new Misfit(`${parameter} to be the path of a file that can be read`);
  }
}
