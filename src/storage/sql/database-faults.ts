import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { codeOf, EnvironmentFault } from '../../kernel/environment-fault.ts';
import { fileFault, ownUser } from '../../kernel/folders.ts';
import { whatAnswers } from '../greeting.ts';
import { sqlitePath } from './database.ts';
import { databaseAddress } from './database-url.ts';

/** What the sentences name. */
interface Place {
  readonly kind: 'PostgreSQL' | 'MariaDB';
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/**
 * Says what an error of a database means for the operator, and what to do.
 *
 * @param variable the variable or option that names the database
 * @returns undefined for an error that is not about the environment
 */
export async function databaseFault(
  error: unknown,
  url: string,
  variable: string,
): Promise<EnvironmentFault | undefined> {
  if (error instanceof EnvironmentFault) return error;
  const file = sqlitePath(url);
  if (file !== undefined) return sqliteFault(error, resolve(file), variable);
  const place = placeOf(url);
  const found =
    servedFault(error, place) ?? (isUnclear(error) ? await unclearFault(error, place) : undefined);
  return (
    found && new EnvironmentFault(variable, found.message, { cause: error, mayPass: found.mayPass ?? false })
  );
}

function sqliteFault(error: unknown, file: string, variable: string): EnvironmentFault | undefined {
  const code = codeOf(error);
  const says = (message: string, mayPass = false) =>
    new EnvironmentFault(variable, message, { cause: error, mayPass });
  if (code === 'SQLITE_NOTADB') return says(`${file} is not a SQLite database: set another file.`);
  if (code.startsWith('SQLITE_CORRUPT')) return says(`${file} is damaged: restore a backup.`);
  if (/^SQLITE_(?:READONLY|CANTOPEN|PERM)/.test(code)) {
    return says(
      `${ownUser()} may not write to ${file} and its folder (${code}): make that user the owner of both, or set another path.`,
    );
  }
  if (code.startsWith('SQLITE_IOERR'))
    return says(`the disk of ${file} cannot be written (${code}): it may be full or faulty.`, true);
  if (/^SQLITE_(?:BUSY|LOCKED)/.test(code))
    return says(`${file} is locked by another program: stop it.`, true);
  // SQLite creates a missing file in its folder: the folder is the problem.
  return fileFault(error, existsSync(file) ? file : dirname(file), variable);
}

function placeOf(text: string): Place {
  const url = new URL(databaseAddress(text).url);
  const isPostgres = url.protocol.startsWith('postgres');
  return {
    kind: isPostgres ? 'PostgreSQL' : 'MariaDB',
    host: decodeURIComponent(url.hostname).replace(/^\[|\]$/g, ''),
    port: Number(url.port || (isPostgres ? 5432 : 3306)),
    database: decodeURIComponent(url.pathname.slice(1)),
    user: decodeURIComponent(url.username),
  };
}

interface Finding {
  readonly message: string;
  readonly mayPass?: boolean;
}

/** SQLSTATEs of PostgreSQL; names of MariaDB's and MySQL's errors. */
const CODES = {
  refused: [
    '28P01',
    '28000',
    'ER_ACCESS_DENIED_ERROR',
    'ER_ACCESS_DENIED_NO_PASSWORD_ERROR',
    'ER_HOST_NOT_PRIVILEGED',
  ],
  unknown: ['3D000', 'ER_BAD_DB_ERROR', 'ER_DBACCESS_DENIED_ERROR', 'ER_NO_DB_ERROR'],
  forbidden: [
    '42501',
    'ER_TABLEACCESS_DENIED_ERROR',
    'ER_COLUMNACCESS_DENIED_ERROR',
    'ER_SPECIFIC_ACCESS_DENIED_ERROR',
  ],
  readOnly: ['25006', 'ER_OPTION_PREVENTS_STATEMENT', 'ER_READ_ONLY_MODE'],
  full: ['53100', 'ER_DISK_FULL', 'ER_RECORD_FILE_FULL', 'ER_CANT_CREATE_FILE'],
  busy: [
    '57P03',
    '57P01',
    '53300',
    '08004',
    'ER_CON_COUNT_ERROR',
    'ER_TOO_MANY_USER_CONNECTIONS',
    'ER_SERVER_SHUTDOWN',
  ],
  absent: ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN'],
  nameless: ['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL'],
  plainOnly: ['HANDSHAKE_NO_SSL_SUPPORT'],
  untrusted: [
    'CERT_HAS_EXPIRED',
    'CERT_NOT_YET_VALID',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'HANDSHAKE_SSL_ERROR',
  ],
} as const;

function servedFault(error: unknown, place: Place): Finding | undefined {
  const code = codeOf(error) || firstCode(error);
  const is = (codes: readonly string[]) => codes.includes(code);
  const { host, port, kind, database, user } = place;
  const at = `${host}:${port}`;
  if (is(CODES.refused))
    return {
      message: `the database server at ${at} refuses the user "${user}": check the name and the password.`,
    };
  if (is(CODES.unknown)) {
    return {
      message: `there is no database "${database}" at ${at} that the user "${user}" may use. As the administrator of the server: ${creating(place)}`,
    };
  }
  if (is(CODES.forbidden)) {
    return {
      message: `the user "${user}" may not create and change tables in the database "${database}" (${saidOf(error)}). As the administrator of the server, in that database: ${granting(place)}`,
    };
  }
  if (is(CODES.readOnly)) {
    return {
      message: `the database at ${at} accepts no writes: it is a replica or read-only. Set the URL of the primary, or make it writable.`,
      mayPass: true,
    };
  }
  if (is(CODES.full))
    return { message: `the disk of the database server at ${at} is full: free some space.`, mayPass: true };
  if (is(CODES.busy)) {
    return {
      message: `the database server at ${at} accepts no connections now (${saidOf(error)}): wait, or raise its limit of connections.`,
      mayPass: true,
    };
  }
  if (is(CODES.absent))
    return {
      message: `no ${kind} answers at ${at} (${code}): start it, or correct the address.`,
      mayPass: true,
    };
  if (is(CODES.nameless))
    return {
      message: `no address was found for the host "${host}" (${code}): correct the name, or wait for the network.`,
      mayPass: true,
    };
  if (is(CODES.plainOnly) || saidOf(error).includes('does not support SSL'))
    return {
      message: `the database server at ${at} does not support TLS: enable it there, or remove sslmode from the URL.`,
    };
  if (is(CODES.untrusted) || /CERT|^UNABLE_TO|^HOSTNAME_MISMATCH/.test(code)) {
    return {
      message: `the certificate of the database server at ${at} is not trusted (${saidOf(error)}): set its certificate authority by sslrootcert, and use the host name of the certificate.`,
    };
  }
  return undefined;
}

/** Errors without a code, or with one that a hanging server shares with another program. */
function isUnclear(error: unknown): boolean {
  return (
    error instanceof Error &&
    (/^(?:ETIMEDOUT|ECONNRESET|EPIPE|PROTOCOL_|HANDSHAKE_|ER_MALFORMED_PACKET)/.test(codeOf(error)) ||
      /timeout|terminated|[Uu]nexpected/.test(`${error.name} ${error.message}`))
  );
}

async function unclearFault(error: unknown, { kind, host, port }: Place): Promise<Finding> {
  const answers = await whatAnswers(kind, host, port);
  if (answers === 'other')
    return { message: `the program at ${host}:${port} is not ${kind}: correct the address.` };
  return {
    message: `the ${kind} at ${host}:${port} does not answer in time (${saidOf(error)}): check that server and the network in between.`,
    mayPass: true,
  };
}

/** Names in statements, quoted: an operator copies them. */
function creating({ kind, database, user }: Place): string {
  return kind === 'PostgreSQL'
    ? `create database ${quoted(database)} owner ${quoted(user)} encoding 'UTF8' template template0;`
    : `create database \`${database}\` character set utf8mb4; ${granting({ kind, database, user })}`;
}

function granting({ kind, database, user }: Pick<Place, 'kind' | 'database' | 'user'>): string {
  return kind === 'PostgreSQL'
    ? `grant usage, create on schema public to ${quoted(user)};`
    : `grant all on \`${database}\`.* to '${user}'@'%';`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The message of the server or driver, without the statement that Knex puts before it. */
function saidOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.split(' - ').at(-1) || codeOf(error) || firstCode(error) || error.name;
}

/** The code of the first of several addresses of one host. */
function firstCode(error: unknown): string {
  return error instanceof AggregateError ? codeOf(error.errors[0]) : '';
}
