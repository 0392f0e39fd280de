import { createClient, createCluster, type RedisClientOptions } from 'redis';
import type { Credentials, HostAndPort, RedisAddress } from '../addresses/redis-url.ts';
import { seconds } from '../time.ts';
import { type Dial, inTime, type RedisConnection } from './redis-line.ts';

const CONNECT_TIMEOUT = seconds(2);
/** A connection that is silent for so long is dead; pings see to it that a live one is not. */
const SILENCE_TIMEOUT = seconds(3);
const PING_EVERY = seconds(1);
const ANSWER_TIMEOUT = seconds(2);

type Report = (error: unknown) => void;

const OPTIONS = {
  disableOfflineQueue: true,
  pingInterval: PING_EVERY,
  // The line counts until there is an answer; a second clock for each command, until it is written, tells nothing more.
  commandOptions: { timeout: 0 },
} as const satisfies RedisClientOptions;

const SOCKET = {
  connectTimeout: CONNECT_TIMEOUT,
  socketTimeout: SILENCE_TIMEOUT,
  // The line makes a new connection, for the primary may be another by then.
  reconnectStrategy: false,
} as const;

/** How Redis is reached at this address. `report` hears of what is wrong with one server where another is tried. */
export function dialling(address: RedisAddress, report: Report): Dial {
  switch (address.kind) {
    case 'server':
      return (lost) => connects(createClient({ url: address.url, ...OPTIONS, socket: SOCKET }), lost);
    case 'sentinel':
      return throughSentinels(address, report);
    case 'cluster':
      return toCluster(address, report);
  }
}

type Client = ReturnType<typeof clientOf>;

function clientOf(options: RedisClientOptions) {
  return createClient({ ...OPTIONS, ...options });
}

async function connects(client: Client, lost: Report): Promise<RedisConnection> {
  // Until it is connected, `connect` rejects with the same error.
  let isConnected = false;
  client.on('error', (error) => isConnected && lost(error));
  try {
    await client.connect();
  } catch (error) {
    client.destroy();
    throw error;
  }
  isConnected = true;
  return {
    commands: client,
    isCluster: false,
    close: () => client.close(),
    destroy: () => client.destroy(),
  };
}

type SentinelAddress = Extract<RedisAddress, { kind: 'sentinel' }>;

/** As redis.io asks of clients ("Guidelines for Redis clients with support for Redis Sentinel"): anew for each connection. */
function throughSentinels(address: SentinelAddress, report: Report): Dial {
  const { name, tls, username, password, database } = address;
  let sentinels = address.sentinels;
  return async (lost) => {
    for (const sentinel of sentinels) {
      // One that is cut off from the others may go on naming the old primary: so the next time another is asked first.
      sentinels = [...sentinels.slice(1), ...sentinels.slice(0, 1)];
      try {
        const primary = await askSentinel(sentinel, address);
        return await toPrimary(primary, lost);
      } catch (error) {
        report(error);
      }
    }
    throw new Error(`No Sentinel leads to the primary "${name}".`);
  };

  async function toPrimary({ host, port }: HostAndPort, lost: Report): Promise<RedisConnection> {
    const socket = { ...SOCKET, host, port, ...(tls && { tls }) } as const;
    const client = clientOf({ ...login({ username, password }), database, socket });
    const connection = await connects(client, lost);
    try {
      const role = (await inTime(client.role(), ANSWER_TIMEOUT))?.role;
      if (role !== 'master') throw new Error(`A Sentinel names ${host}:${port}, which is no primary.`);
      return connection;
    } catch (error) {
      client.destroy();
      throw error;
    }
  }
}

async function askSentinel(
  { host, port }: HostAndPort,
  { name, tls, sentinel }: SentinelAddress,
): Promise<HostAndPort> {
  const socket = { ...SOCKET, host, port, ...(tls && { tls }) } as const;
  const client = clientOf({ ...login(sentinel), socket }).on('error', () => {});
  try {
    await client.connect();
    const answer: unknown = await inTime(
      client.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name]),
      ANSWER_TIMEOUT,
    );
    if (!Array.isArray(answer)) throw new Error(`The Sentinel ${host}:${port} knows no primary "${name}".`);
    return { host: String(answer[0]), port: Number(answer[1]) };
  } finally {
    client.destroy();
  }
}

type ClusterAddress = Extract<RedisAddress, { kind: 'cluster' }>;

function toCluster({ nodes, tls, username, password }: ClusterAddress, report: Report): Dial {
  return async (lost) => {
    const cluster = createCluster({
      rootNodes: nodes.map((socket) => ({ socket })),
      defaults: { ...OPTIONS, ...login({ username, password }), socket: { ...SOCKET, ...(tls && { tls }) } },
      // A primary that is gone, and not replaced yet, would keep all the others waiting.
      minimizeConnections: true,
    });
    cluster.on('error', report).on('node-error', lost);
    await cluster.connect();
    return {
      commands: cluster,
      isCluster: true,
      close: () => cluster.close(),
      destroy: () => cluster.destroy(),
    };
  };
}

function login({ username, password }: Credentials) {
  return { ...(username !== undefined && { username }), ...(password !== undefined && { password }) };
}
