import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from 'redis';
import { freePort } from './free-port.ts';
import { type OwnServer, ownServer, ownServerOf, REDIS } from './servers.ts';
import { until } from './until.ts';

/** Redis on several servers. */
export interface SentinelSet {
  readonly primary: OwnServer;
  readonly replica: OwnServer;
  /** `127.0.0.1:PORT` of each. */
  readonly sentinels: readonly string[];
  stop(): Promise<void>;
}

/** The primary's name at its Sentinels; they call the replica `MISTAKEN`, like an outdated one. */
export const PRIMARY = 'mymaster';
export const MISTAKEN = 'mistaken';

const QUORUM = 2;

/** The first copy goes over a connection at once: a server would wait for more replicas. */
const AT_ONCE = ['--repl-diskless-sync-delay', '0'];

/**
 * A primary, its replica, and three Sentinels with this password that replace it within a few seconds.
 *
 * @param options of the servers, not of the Sentinels
 */
export async function sentinelSet(options: readonly string[], password: string): Promise<SentinelSet> {
  const primary = await ownServer('redis', [...options, ...AT_ONCE]);
  const replica = await ownServer('redis', [
    ...options,
    '--replicaof',
    '127.0.0.1',
    new URL(primary.url).port,
  ]);
  await until('the replica follows', () => follows(primary));
  const sentinels = await Promise.all([1, 2, 3].map(() => sentinel({ primary, replica }, password)));
  const urls = sentinels.map(({ url }) => url.replace('//', `//:${password}@`));
  await until('the Sentinels know each other and the replica', async () => {
    const answers = urls.map(async (url) => [
      await told(url, 'SENTINEL', 'SENTINELS', PRIMARY),
      await told(url, 'SENTINEL', 'REPLICAS', PRIMARY),
    ]);
    return (await Promise.all(answers)).every(
      ([others = '', replicas = '']) => count(others, 'runid') === 2 && count(replicas, 'runid') === 1,
    );
  });
  return {
    primary,
    replica,
    sentinels: sentinels.map(({ url }) => new URL(url).host),
    stop: async () => {
      await Promise.all([primary, replica, ...sentinels].map((server) => server.stop()));
    },
  };
}

function sentinel(
  { primary, replica }: Pick<SentinelSet, 'primary' | 'replica'>,
  password: string,
): Promise<OwnServer> {
  const watched = (name: string, server: OwnServer, quorum: number) => [
    `sentinel monitor ${name} 127.0.0.1 ${new URL(server.url).port} ${quorum}`,
    `sentinel down-after-milliseconds ${name} 500`,
    `sentinel failover-timeout ${name} 3000`,
  ];
  const lines = [
    `requirepass ${password}`,
    `sentinel sentinel-pass ${password}`,
    ...watched(PRIMARY, primary, QUORUM),
    ...watched(MISTAKEN, replica, QUORUM),
  ];
  return ownServerOf({
    ...REDIS,
    name: 'Redis Sentinel',
    prepare: async (folder) => writeFileSync(join(folder, 'sentinel.conf'), `${lines.join('\n')}\n`),
    options: (folder, port) => [
      ...[join(folder, 'sentinel.conf'), '--sentinel', '--port', String(port)],
      ...['--bind', '127.0.0.1', '--dir', folder],
    ],
    greet: async (url) => {
      await told(url.replace('//', `//:${password}@`), 'PING');
    },
  });
}

export interface ClusterSet {
  readonly primaries: readonly OwnServer[];
  /** Gives a primary a replica with all its present data, and replaces it when it is gone. */
  replicate(primary: OwnServer): Promise<void>;
  stop(): Promise<void>;
}

const SLOTS = 16_384;

/** A Cluster of three primaries, of which two work without the third. */
export async function clusterSet(options: readonly string[]): Promise<ClusterSet> {
  const primaries = await Promise.all([0, 1, 2].map(() => clusterNode(options)));
  const [first] = primaries;
  const everyone = [...primaries];
  for (const [index, { url }] of primaries.entries()) {
    const part = (share: number) => Math.floor((SLOTS * share) / primaries.length);
    await told(url, 'CLUSTER', 'ADDSLOTSRANGE', String(part(index)), String(part(index + 1) - 1));
    await told(url, 'CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
  }
  const joins = async (node: OwnServer) => {
    await told(node.url, 'CLUSTER', 'MEET', '127.0.0.1', ...portsOf(first));
  };
  for (const node of primaries.slice(1)) await joins(node);
  await untilWhole(everyone);
  return {
    primaries,
    replicate: async (primary) => {
      const replica = await clusterNode(options);
      everyone.push(replica);
      await joins(replica);
      const id = await told(primary.url, 'CLUSTER', 'MYID');
      await until('the replica is met', async () =>
        (await told(replica.url, 'CLUSTER', 'NODES')).includes(id),
      );
      await told(replica.url, 'CLUSTER', 'REPLICATE', id);
      await until('the replica follows', async () => {
        const nodes = await Promise.all(primaries.map(({ url }) => told(url, 'CLUSTER', 'NODES')));
        return (await follows(primary)) && nodes.every((seen) => new RegExp(`slave ${id}`).test(seen));
      });
    },
    stop: async () => {
      await Promise.all(everyone.map((node) => node.stop()));
    },
  };
}

const busPorts = new WeakMap<OwnServer, number>();

async function clusterNode(options: readonly string[]): Promise<OwnServer> {
  // The usual one, 10000 above, may be past the last.
  const busPort = await freePort();
  const node = await ownServer('redis', [
    ...['--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--cluster-node-timeout', '1000'],
    ...['--cluster-require-full-coverage', 'no', '--cluster-allow-replica-migration', 'no'],
    ...AT_ONCE,
    ...options,
  ]);
  busPorts.set(node, busPort);
  return node;
}

function portsOf(node: OwnServer | undefined): [string, string] {
  const bus = node && busPorts.get(node);
  if (!node || bus === undefined) throw new Error('This is no node of a Cluster.');
  return [new URL(node.url).port, String(bus)];
}

/** Resolves once each of these nodes knows the others, and the owner of each slot. */
export async function untilWhole(nodes: readonly OwnServer[]): Promise<void> {
  await until('the Cluster is whole', () => isWhole(nodes));
}

async function isWhole(nodes: readonly OwnServer[]): Promise<boolean> {
  const seen = await Promise.all(nodes.map(({ url }) => told(url, 'CLUSTER', 'INFO')));
  return seen.every(
    (info) => /cluster_state:ok/.test(info) && info.includes(`cluster_known_nodes:${nodes.length}`),
  );
}

/** Whether its replica has a copy, and gets later changes. */
async function follows(primary: OwnServer): Promise<boolean> {
  return /slave0:.*state=online/.test(await told(primary.url, 'INFO'));
}

/** A server's response to one command, as text. */
export async function told(url: string, ...command: readonly string[]): Promise<string> {
  const client = createClient({ url, RESP: 2, socket: { reconnectStrategy: false } }).on('error', () => {});
  await client.connect();
  try {
    const answer: unknown = await client.sendCommand(command);
    return Array.isArray(answer) ? answer.flat(2).join('\n') : String(answer);
  } finally {
    client.destroy();
  }
}

function count(text: string, word: string): number {
  return text.split('\n').filter((line) => line === word).length;
}
