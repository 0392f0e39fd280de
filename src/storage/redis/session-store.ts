import { RedisStore } from 'connect-redis';
import type { SessionData } from 'express-session';
import type { SetOptions } from 'redis';
import type { OidcInteractionStore } from '../../apps/oidc-models.ts';
import { type Clock, seconds } from '../../kernel/time.ts';
import { withTimeout } from '../../kernel/with-timeout.ts';
import type { SubmissionStore } from '../../limits/submissions.ts';
import type { SessionStore } from '../../sign-in/session-store.ts';
import { connectorTo } from './connect.ts';
import { type RedisCommands, RedisConnection } from './connection.ts';
import { interactionsOn } from './interactions.ts';
import { parseRedisUrl } from './redis-url.ts';

export { OutageLog } from '../outage-log.ts';
export { redisFault } from './redis-faults.ts';

const PREFIX = 'postern:session:';
const SUBMISSION_PREFIX = 'postern:submission:';
const OPENING_TIMEOUT = seconds(3);
const DEFAULT_TIMEOUT = seconds(2.5);

/** Called for each round trip, with the name of the command. */
export type CommandTrace = (command: string) => void;

export interface RedisOptions {
  /** A session ends after this long without a request. Milliseconds. */
  readonly idleLimit: number;
  readonly clock: Clock;
  /** Time limit of a command. Milliseconds. */
  readonly timeout?: number;
  /** Called with the error of each failed attempt to reach Redis. */
  readonly report?: (error: unknown) => void;
  /** Called when Redis works; it may never have been down. */
  readonly there?: () => void;
  readonly trace?: CommandTrace | undefined;
  /** Called for each command of the session store that fails. */
  readonly failed?: () => void;
}

export interface RedisSessions {
  readonly store: SessionStore;
  readonly submissions: SubmissionStore;
  readonly interactions: OidcInteractionStore;
  /** Waits for the first connection, at most 3 seconds; the store keeps trying after that. */
  opened(): Promise<void>;
  /**
   * Resolves when Redis answers (of a Cluster, each primary) and accepts a write; rejects within the timeout otherwise. A
   * server that is full, a replica, or without permission to write still answers a ping.
   */
  ping(): Promise<void>;
  /** Lets commands under way finish, then disconnects. */
  close(): Promise<void>;
}

/**
 * The session store in Redis: one server, the primary that Sentinels name, or a Cluster (`parseRedisUrl` has the forms of the
 * URL). It connects at once and reconnects for ever, after a failover to the new primary. While Redis is down each command
 * fails within the timeout, so that the page can say so.
 */
export function redisSessionStore(url: string, options: RedisOptions): RedisSessions {
  const address = parseRedisUrl(url);
  if (!address)
    throw new Error('A Redis URL begins with redis: or rediss:, with +sentinel or +cluster or without.');
  const {
    idleLimit,
    clock,
    timeout = DEFAULT_TIMEOUT,
    report = () => {},
    there = () => {},
    trace = () => {},
    failed = () => {},
  } = options;
  const lifetime = Math.ceil(idleLimit / 1000);
  const ping = async () => {
    try {
      await connection.ask((redis) => redis.ping());
      await writes(connection);
    } catch (error) {
      report(error);
      throw error;
    }
    there();
  };
  const connected = () => void ping().catch(() => {});
  const connection = new RedisConnection(connectorTo(address, report), { timeout, clock, report, connected });
  const opened = connection.open();
  return {
    store: sessionsOn(connection, { trace, failed }, lifetime),
    submissions: submissions(connection, trace),
    interactions: interactionsOn(connection, { trace, clock }),
    opened: () => withTimeout(opened, OPENING_TIMEOUT, () => {}),
    ping,
    close: () => connection.close(),
  };
}

/** The commands that sessions and submissions need, on a key of neither. */
async function writes(connection: RedisConnection): Promise<void> {
  const key = 'postern:readiness';
  const expiration = { type: 'EX', value: 10 } as const;
  await connection.ask((redis) => redis.set(key, '', { expiration }));
  await connection.ask((redis) => redis.getEx(key, expiration));
  await connection.ask((redis) => redis.get(key));
  await connection.ask((redis) => redis.del([key]));
}

/** Nothing was stored: the key exists (NX), or does not exist any more (XX). */
class NotStored extends Error {}

/** connect-redis stores a session whether or not there is one, so there is one store for each condition. */
function sessionsOn(connection: RedisConnection, observers: Observers, lifetime: number): SessionStore {
  const storeIf = (condition: 'NX' | 'XX') =>
    new RedisStore({
      client: commands(connection, observers, lifetime, condition),
      prefix: PREFIX,
      ttl: () => lifetime,
    });
  const [fresh, kept] = [storeIf('NX'), storeIf('XX')];
  return {
    read: async (id) => (await kept.get(id)) ?? undefined,
    create: async (id, session) => fresh.set(id, session as SessionData),
    update: (id, session) =>
      kept.set(id, session as SessionData).then(
        () => true,
        (error: unknown) => {
          if (error instanceof NotStored) return false;
          throw error;
        },
      ),
    // Reading a session has prolonged it already.
    prolong: async () => {},
    remove: async (id) => kept.destroy(id),
  };
}

type Observers = Required<Pick<RedisOptions, 'trace' | 'failed'>>;

/** The commands that RedisStore sends. A session is read and prolonged by one (GETEX): a page asks Redis once. */
function commands(
  connection: RedisConnection,
  { trace, failed }: Observers,
  lifetime: number,
  condition: 'NX' | 'XX',
) {
  async function ask<T>(name: string, command: (redis: RedisCommands) => Promise<T>): Promise<T> {
    trace?.(name);
    try {
      return await connection.ask(command);
    } catch (error) {
      failed();
      throw error;
    }
  }
  return {
    get: (key: string) => ask('GETEX', (redis) => redis.getEx(key, { type: 'EX', value: lifetime })),
    set: async (key: string, value: string, options: SetOptions) => {
      const answer = await ask('SET', (redis) => redis.set(key, value, { ...options, condition }));
      if (answer === null) throw new NotStored(`A session was not stored (${condition}).`);
    },
    del: (keys: string[]) => ask('DEL', (redis) => redis.del(keys)),
  };
}

/** Forms that arrived seconds ago. Redis deletes them when they expire. */
function submissions(connection: RedisConnection, trace: CommandTrace): SubmissionStore {
  const nameOf = (key: string) => `${SUBMISSION_PREFIX}${key}`;
  const expiring = (lifetime: number) => ({ expiration: { type: 'PX', value: lifetime } }) as const;
  async function read(key: string): Promise<string | undefined> {
    trace('GET');
    return (await connection.ask((redis) => redis.get(nameOf(key)))) ?? undefined;
  }
  return {
    read,
    async claim(key, text, lifetime) {
      const options = { ...expiring(lifetime), condition: 'NX' } as const;
      for (;;) {
        trace('SET NX');
        if ((await connection.ask((redis) => redis.set(nameOf(key), text, options))) !== null)
          return undefined;
        // It may have expired in between. (SET with both NX and GET would ask once, and needs Redis 7.)
        const present = await read(key);
        if (present !== undefined) return present;
      }
    },
    async write(key, text, lifetime) {
      trace('SET');
      await connection.ask((redis) => redis.set(nameOf(key), text, expiring(lifetime)));
    },
    async remove(key) {
      trace('DEL');
      await connection.ask((redis) => redis.del([nameOf(key)]));
    },
  };
}
