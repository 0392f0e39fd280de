import { codeOf, EnvironmentFault } from '../../kernel/environment-fault.ts';
import { whatAnswers } from '../greeting.ts';
import { parseRedisUrl } from './redis-url.ts';

const VARIABLE = 'REDIS_URL';
const REDIS_PORT = 6379;

/**
 * What an error of Redis means that waiting does not mend; undefined for one that may pass: away, a replica, full. With those
 * the server starts, and goes on by itself once Redis does.
 */
export async function redisFault(error: unknown, url: string): Promise<EnvironmentFault | undefined> {
  const root = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const said = root instanceof Error ? root.message : '';
  const message =
    fatalAnswer(said) ?? untrusted(codeOf(root)) ?? (await anotherProgram(said, codeOf(root), url));
  return message === undefined ? undefined : new EnvironmentFault(VARIABLE, message, { cause: error });
}

/** Error replies that stay the same until somebody changes the URL or Redis. */
function fatalAnswer(said: string): string | undefined {
  if (/^(?:WRONGPASS|NOAUTH|ERR (?:Client sent )?AUTH|ERR invalid password)/.test(said))
    return `Redis refuses the login (${said.split(' ', 1)[0]}): check the name and the password in the URL.`;
  if (said.startsWith('NOPERM')) {
    return `the Redis user lacks rights that sessions need (${said}). As the administrator of Redis: acl setuser NAME ~postern:* +getex +get +set +del +ping`;
  }
  if (said.startsWith('ERR DB index'))
    return 'Redis has no database with the number at the end of the URL: use 0 to 15.';
  if (said.startsWith('ERR unknown command'))
    return `Redis has to be 6.2 or newer, or Valkey (${said.slice(0, 60)}).`;
  return undefined;
}

function untrusted(code: string): string | undefined {
  if (!/CERT|^UNABLE_TO|^HOSTNAME_MISMATCH/.test(code)) return undefined;
  return `the certificate of Redis is not trusted (${code}): set its certificate authority in NODE_EXTRA_CA_CERTS, and use the host name of the certificate.`;
}

async function anotherProgram(said: string, code: string, url: string): Promise<string | undefined> {
  const address = parseRedisUrl(url);
  const isUnclear = code === 'ECONNRESET' || /closed|[Uu]nexpected|type|parse/.test(said);
  if (address?.kind !== 'server' || !isUnclear) return undefined;
  const { protocol, hostname, port } = new URL(address.url);
  // Over TLS the first line is no line.
  if (protocol !== 'redis:') return undefined;
  const host = hostname.replace(/^\[|\]$/g, '');
  if ((await whatAnswers('Redis', host, Number(port || REDIS_PORT))) !== 'other') return undefined;
  return `the program at ${host}:${port || REDIS_PORT} is not Redis: correct the address.`;
}
