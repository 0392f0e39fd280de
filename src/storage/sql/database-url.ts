import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { InvalidValue } from '../../kernel/invalid-value.ts';
import { HOW_TO_WRITE, refuseUnencoded } from '../../kernel/url-encoding.ts';

/** TLS options of a database connection. PEM, as text. */
export interface DatabaseTls {
  /** Undefined: the authorities that Node trusts. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** Whether to refuse a certificate that is untrusted or for another name. */
  readonly verified: boolean;
}

export interface DatabaseAddress {
  /** Without its TLS parameters. */
  readonly url: string;
  /** Undefined: plain text. */
  readonly tls: DatabaseTls | undefined;
}

const SERVERS = ['postgres:', 'postgresql:', 'mysql:', 'mariadb:'];

/** libpq's names, used for MariaDB too. */
const TLS_PARAMETERS = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey'] as const;

/** libpq's `require` and `verify-ca` check less of the certificate; here they mean `verify-full`. */
const VERIFYING_MODES = ['verify-full', 'verify-ca', 'require'];
/** node-postgres's name for it. */
const UNVERIFIED_MODE = 'no-verify';
const MODES = [...VERIFYING_MODES, UNVERIFIED_MODE, 'disable'];

/**
 * A URL of one of the databases that the portal runs on; undefined for anything else.
 *
 * @throws InvalidValue if it is one, but a name or a password in it is not encoded, or its TLS parameters cannot be used
 */
export function parseDatabaseUrl(text: string): string | undefined {
  if (/^sqlite:./.test(text)) return text;
  if (!SERVERS.some((protocol) => text.toLowerCase().startsWith(`${protocol}//`))) return undefined;
  refuseUnencoded(text);
  const url = URL.parse(text);
  if (url === null && text.includes('@')) throw new InvalidValue(HOW_TO_WRITE);
  if (url === null || url.hostname === '') return undefined;
  databaseAddress(text);
  return text;
}

/** Parses the URL of a database server. Throws InvalidValue as `parseDatabaseUrl` does. */
export function databaseAddress(text: string): DatabaseAddress {
  const url = new URL(text);
  const mode = url.searchParams.get('sslmode');
  refuseMisspelt(url);
  if (mode !== null && !MODES.includes(mode)) {
    throw new InvalidValue(`sslmode to be one of ${MODES.map((known) => `"${known}"`).join(', ')}`);
  }
  if (!TLS_PARAMETERS.some((name) => url.searchParams.has(name))) return { url: text, tls: undefined };
  const tls = mode === 'disable' ? undefined : tlsOf(url);
  for (const name of TLS_PARAMETERS) url.searchParams.delete(name);
  return { url: url.href, tls };
}

/** The drivers ignore unknown parameters: a mistyped one would leave the connection in plain text. */
function refuseMisspelt(url: URL): void {
  const known: readonly string[] = [...TLS_PARAMETERS, 'sslnegotiation'];
  for (const name of url.searchParams.keys()) {
    if (/^(?:use)?[-_]?(?:ssl|tls)/i.test(name) && !known.includes(name)) {
      throw new InvalidValue(`no other TLS parameters than ${TLS_PARAMETERS.join(', ')}`);
    }
  }
}

function tlsOf(url: URL): DatabaseTls {
  const verified = url.searchParams.get('sslmode') !== UNVERIFIED_MODE;
  const isMariadb = /^(?:mysql|mariadb):$/.test(url.protocol);
  // For an IP address mysql2 would expect "localhost" in the certificate.
  if (verified && isMariadb && isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0) {
    throw new InvalidValue('the host name of the certificate, not an IP address, for MariaDB with TLS');
  }
  const tls = {
    ca: pem(url, 'sslrootcert'),
    cert: pem(url, 'sslcert'),
    key: pem(url, 'sslkey'),
    verified,
  };
  try {
    // Node accepts a file without a certificate, and then trusts nobody.
    if (tls.ca !== undefined) new X509Certificate(tls.ca);
    createSecureContext({ ca: tls.ca, cert: tls.cert, key: tls.key });
  } catch {
    throw new InvalidValue(
      'certificates and the matching key (PEM) in the files of sslrootcert, sslcert, sslkey',
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
    throw new InvalidValue(`${parameter} to be the path of a readable file`);
  }
}
