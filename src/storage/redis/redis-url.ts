import { InvalidValue } from '../../kernel/invalid-value.ts';
import { HOW_TO_WRITE, refuseUnencoded } from '../../kernel/url-encoding.ts';

export interface Credentials {
  readonly username: string | undefined;
  readonly password: string | undefined;
}

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** Where Redis is: one server; the primary that Sentinels name; or a Cluster, of which some nodes are named. */
export type RedisAddress =
  | { readonly kind: 'server'; readonly url: string }
  | ({
      readonly kind: 'sentinel';
      readonly tls: boolean;
      readonly sentinels: readonly HostAndPort[];
      /** What the Sentinels call the primary. */
      readonly name: string;
      readonly database: number;
      /** The Sentinels' own. */
      readonly sentinel: Credentials;
    } & Credentials)
  | ({
      readonly kind: 'cluster';
      readonly tls: boolean;
      readonly nodes: readonly HostAndPort[];
    } & Credentials);

const SENTINEL_PORT = 26_379;
const REDIS_PORT = 6379;

/** Several hosts are more than `URL` takes: scheme, credentials, hosts, path, parameters. */
const SEVERAL = /^(rediss?)\+(sentinel|cluster):\/\/(?:([^@/?#]*)@)?([^@/?#]+)(\/[^?#]*)?(?:\?([^#]*))?$/i;

/**
 * Takes apart `redis://…`, `redis+sentinel://user:password@host,host/name/database`, `redis+cluster://host,host`, or the same
 * with `rediss` for TLS, in the form that other programs have for them; undefined for anything else.
 *
 * @throws InvalidValue where it is one, but incomplete, or a name or a password in it is not encoded
 */
export function parseRedisUrl(text: string): RedisAddress | undefined {
  if (!/^rediss?(?:\+(?:sentinel|cluster))?:\/\//i.test(text)) return undefined;
  refuseUnencoded(text);
  const [matched, scheme = '', kind = '', credentials = '', hosts = '', path = '', parameters = ''] =
    SEVERAL.exec(text) ?? [];
  if (matched === undefined) return parseServer(text);
  const tls = scheme.toLowerCase() === 'rediss';
  const login = parseCredentials(credentials);
  if (kind.toLowerCase() === 'cluster') {
    if (!/^\/?0?$/.test(path) || parameters !== '') {
      throw new InvalidValue('nothing after the hosts of a Redis Cluster, which has only one database');
    }
    return { kind: 'cluster', tls, nodes: parseHosts(hosts, REDIS_PORT), ...login };
  }
  return {
    kind: 'sentinel',
    tls,
    sentinels: parseHosts(hosts, SENTINEL_PORT),
    ...parsePath(path),
    ...login,
    sentinel: parseSentinelCredentials(parameters),
  };
}

function parseServer(text: string): RedisAddress | undefined {
  const url = URL.parse(text);
  // Also for several hosts, with "@" in a password: no host name has one.
  if ((url === null || url.protocol.includes('+')) && text.includes('@'))
    throw new InvalidValue(HOW_TO_WRITE);
  if (url === null || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '') return undefined;
  if (url.hostname.includes(','))
    throw new InvalidValue('"+sentinel" or "+cluster" after "redis" for several hosts');
  if (!/^(?:\/\d{0,5})?$/.test(url.pathname))
    throw new InvalidValue('only the number of a database after the host');
  return { kind: 'server', url: text };
}

function parseHosts(text: string, defaultPort: number): readonly HostAndPort[] {
  return text.split(',').map((item) => {
    const url = URL.parse(`redis://${item.trim()}`);
    if (url === null || url.hostname === '') {
      throw new InvalidValue('hosts such as "host1:26379,host2:26379", separated by commas');
    }
    return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || defaultPort) };
  });
}

function parsePath(path: string): { readonly name: string; readonly database: number } {
  const [, name, database = '0'] = /^\/([^/]+)(?:\/(\d{1,5}))?$/.exec(path) ?? [];
  if (name === undefined) {
    throw new InvalidValue(
      'the name of the primary after the Sentinels, as in "redis+sentinel://host1,host2/mymaster"',
    );
  }
  return { name: decodeURIComponent(name), database: Number(database) };
}

function parseSentinelCredentials(parameters: string): Credentials {
  const given = new URLSearchParams(parameters);
  for (const name of given.keys()) {
    if (name !== 'sentinel_username' && name !== 'sentinel_password') {
      throw new InvalidValue('no other parameters than sentinel_username and sentinel_password');
    }
  }
  return {
    username: given.get('sentinel_username') ?? undefined,
    password: given.get('sentinel_password') ?? undefined,
  };
}

function parseCredentials(text: string): Credentials {
  const [username = '', ...password] = text.split(':');
  return {
    username: decodeURIComponent(username) || undefined,
    password: decodeURIComponent(password.join(':')) || undefined,
  };
}
