import { setTimeout as delay } from 'node:timers/promises';
import { RedisStore } from 'connect-redis';
import type { Store } from 'express-session';
import type { SetOptions } from 'redis';
import { parseRedisUrl } from '../addresses/redis-url.ts';
import { seconds } from '../time.ts';
import { dialling } from './redis-dialling.ts';
import { RedisLine } from './redis-line.ts';

const PREFIX = 'postern:session:';
const OPENING_TIMEOUT = seconds(3);
const DEFAULT_TIMEOUT = seconds(2.5);

/** Hears of each round trip, by the name of the command. */
export type CommandTrace = (command: string) => void;

export interface RedisOptions {
  /** A session ends after so long without a request. Milliseconds. */
  readonly idleLimit: number;
  /** How long an answer is waited for. Milliseconds. */
  readonly timeout?: number;
  /** Hears why Redis is away. */
  readonly report?: (error: unknown) => void;
  /** Hears of every command. */
  readonly trace?: CommandTrace | undefined;
}

export interface RedisSessions {
  readonly store: Store;
  /** Waits for the first connection, 3 seconds at most; the store goes on trying after that. */
  opened(): Promise<void>;
  /** Resolves when Redis answers (of a Cluster, each primary); rejects within the timeout otherwise. */
  ping(): Promise<void>;
  /** Lets commands under way finish, then hangs up. */
  close(): Promise<void>;
}

/**
 * The session store that lives in Redis: a server, one that Sentinels name, or a Cluster; the forms of the URL are those of
 * `parseRedisUrl`. It connects at once and reconnects for ever, after a failover to whoever is the primary then; while Redis is
 * away each command fails within the timeout, so that a page can say so.
 */
export function redisSessionStore(url: string, options: RedisOptions): RedisSessions {
  const address = parseRedisUrl(url);
  if (!address)
    throw new Error('A Redis URL begins with redis: or rediss:, with +sentinel or +cluster or without.');
  const { idleLimit, timeout = DEFAULT_TIMEOUT, report = () => {}, trace = () => {} } = options;
  const lifetime = Math.ceil(idleLimit / 1000);
  const line = new RedisLine(dialling(address, report), { timeout, report });
  const opened = line.open();
  return {
    store: new RedisStore({
      client: commands(line, trace, lifetime),
      prefix: PREFIX,
      ttl: () => lifetime,
      // Reading a session has prolonged it already.
      disableTouch: true,
    }),
    opened: () => Promise.race([opened, delay(OPENING_TIMEOUT, undefined, { ref: false })]),
    ping: async () => {
      await line.ask((redis) => redis.ping());
    },
    close: () => line.close(),
  };
}

/** The commands that RedisStore sends for a request. A session is read and prolonged at once: a page asks Redis once. */
function commands(line: RedisLine, trace: CommandTrace, lifetime: number) {
  return {
    get: (key: string) => {
      trace('GETEX');
      return line.ask((redis) => redis.getEx(key, { type: 'EX', value: lifetime }));
    },
    set: (key: string, value: string, options: SetOptions) => {
      trace('SET');
      return line.ask((redis) => redis.set(key, value, options));
    },
    del: (keys: string[]) => {
      trace('DEL');
      return line.ask((redis) => redis.del(keys));
    },
  };
}
