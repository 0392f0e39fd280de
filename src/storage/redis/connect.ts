import { createClient, createCluster, type RedisClientOptions } from 'redis';
import { seconds } from '../../kernel/time.ts';
import { answerWithin, type Connector, type RedisLink } from './connection.ts';
import type { Credentials, HostAndPort, RedisAddress } from './redis-url.ts';

const CONNECT_TIMEOUT = seconds(2);
/** A connection without traffic for this long is dead: pings keep a live one busy. */
const SILENCE_TIMEOUT = seconds(3);
const PING_EVERY = seconds(1);
const ANSWER_TIMEOUT = seconds(2);

type Report = (error: unknown) => void;

const OPTIONS = {
  disableOfflineQueue: true,
  pingInterval: PING_EVERY,
  // `answerWithin` limits the time until the answer; the client's own limit ends when the command is written.
  commandOptions: { timeout: 0 },
} as const satisfies RedisClientOptions;

const SOCKET = {
  connectTimeout: CONNECT_TIMEOUT,
  socketTimeout: SILENCE_TIMEOUT,
  // RedisConnection makes a new one instead: another server may be the primary by then.
  reconnectStrategy: false,
} as const;

/** Connects to Redis at this address. `report` is called with the error of one server when another is tried next. */
export function connectorTo(address: RedisAddress, report: Report): Connector {
  switch (address.kind) {
    case 'server':
      // A copy, because the client writes the parts of the URL into it.
      return (lost) => connect(createClient({ url: address.url, ...OPTIONS, socket: { ...SOCKET } }), lost);
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

async function connect(client: Client, lost: Report): Promise<RedisLink> {
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

/** Asks a Sentinel for the primary before each connection (redis.io, "Guidelines for Redis clients with support for Redis Sentinel"). */
function throughSentinels(address: SentinelAddress, report: Report): Connector {
  const { name, tls, username, password, database } = address;
  let sentinels = address.sentinels;
  return async (lost) => {
    for (const sentinel of sentinels) {
      // A Sentinel cut off from the others may go on naming the old primary: another one is asked first next time.
      sentinels = [...sentinels.slice(1), ...sentinels.slice(0, 1)];
      try {
        const primary = await askSentinel(sentinel, address);
        return await toPrimary(primary, lost);
      } catch (error) {
        report(error);
      }
    }
    throw new Error(`No Sentinel gave a usable primary "${name}".`);
  };

  async function toPrimary({ host, port }: HostAndPort, lost: Report): Promise<RedisLink> {
    const socket = { ...SOCKET, host, port, ...(tls && { tls }) } as const;
    const client = clientOf({ ...login({ username, password }), database, socket });
    const connection = await connect(client, lost);
    try {
      const role = (await answerWithin(ANSWER_TIMEOUT, client.role()))?.role;
      if (role !== 'master') throw new Error(`A Sentinel named ${host}:${port}, which is not a primary.`);
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
    const answer: unknown = await answerWithin(
      ANSWER_TIMEOUT,
      client.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name]),
    );
    if (!Array.isArray(answer))
      throw new Error(`The Sentinel ${host}:${port} does not know the primary "${name}".`);
    return { host: String(answer[0]), port: Number(answer[1]) };
  } finally {
    client.destroy();
  }
}

type ClusterAddress = Extract<RedisAddress, { kind: 'cluster' }>;

function toCluster({ nodes, tls, username, password }: ClusterAddress, report: Report): Connector {
  return async (lost) => {
    const cluster = createCluster({
      rootNodes: nodes.map((socket) => ({ socket })),
      defaults: { ...OPTIONS, ...login({ username, password }), socket: { ...SOCKET, ...(tls && { tls }) } },
      // Otherwise connecting would wait for a primary that is gone and not replaced yet.
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
