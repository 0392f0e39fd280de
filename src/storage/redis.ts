import { setTimeout as delay } from 'node:timers/promises';
import { RedisStore } from 'connect-redis';
import type { Store } from 'express-session';
import { createClient, type SetOptions } from 'redis';
import { seconds } from '../time.ts';

const PREFIX = 'postern:session:';
const CONNECT_TIMEOUT = seconds(2);
const OPENING_TIMEOUT = seconds(3);
const COMMAND_TIMEOUT = 2500;
/** A connection that is silent for so long is dead; pings see to it that a live one is not. */
const SILENCE_TIMEOUT = seconds(5);
const PING_EVERY = seconds(2);
const LONGEST_BACK_OFF = seconds(2);

type Report = (error: unknown) => void;
/** Hears of each round trip, by the name of the command. */
export type CommandTrace = (command: string) => void;
type Client = ReturnType<typeof newClient>;

export interface RedisSessions {
  readonly store: Store;
  /** Waits for the first connection, 3 seconds at most; the store goes on trying after that. */
  opened(): Promise<void>;
  /** Resolves when Redis answers; rejects within 3 seconds otherwise. */
  ping(): Promise<void>;
  /** Lets commands under way finish, then hangs up. */
  close(): Promise<void>;
}

/**
 * The session store that lives in Redis: `redis://` or `rediss://` (TLS). It connects at once and reconnects for ever;
 * while Redis is away each command fails within 3 seconds, so that a page can say so. `report` hears why, and `trace` of
 * every command.
 */
export function redisSessionStore(
  url: string,
  report: Report = () => {},
  trace: CommandTrace = () => {},
): RedisSessions {
  const client = newClient(url);
  client.on('error', report);
  const connected = connect(client, report);
  const send = <T>(command: Promise<T>) => inTime(command, () => redial(client, report));
  return {
    store: new RedisStore({ client: commands(client, send, trace), prefix: PREFIX }),
    opened: () => Promise.race([connected, delay(OPENING_TIMEOUT, undefined, { ref: false })]),
    ping: async () => {
      await send(client.ping());
    },
    close: async () => {
      if (client.isReady) await inTime(client.close(), () => client.destroy()).catch(report);
      else if (client.isOpen) client.destroy();
    },
  };
}

function newClient(url: string) {
  return createClient({
    url,
    // A request that waits in a queue for Redis to come back would never answer.
    disableOfflineQueue: true,
    pingInterval: PING_EVERY,
    socket: {
      connectTimeout: CONNECT_TIMEOUT,
      socketTimeout: SILENCE_TIMEOUT,
      reconnectStrategy: (retries) => Math.min(50 * 2 ** Math.min(retries, 6), LONGEST_BACK_OFF),
    },
  });
}

async function connect(client: Client, report: Report): Promise<void> {
  try {
    await client.connect();
  } catch (error) {
    report(error);
  }
}

/** The commands that RedisStore sends for a request. */
function commands(client: Client, send: <T>(command: Promise<T>) => Promise<T>, trace: CommandTrace) {
  const traced = <T>(name: string, command: Promise<T>): Promise<T> => {
    trace(name);
    return send(command);
  };
  return {
    get: (key: string) => traced('GET', client.get(key)),
    set: (key: string, value: string, options: SetOptions) => traced('SET', client.set(key, value, options)),
    expire: (key: string, lifetime: number) => traced('EXPIRE', client.expire(key, lifetime)),
    del: (keys: string[]) => traced('DEL', client.del(keys)),
  };
}

/**
 * Ends the waiting for a command. The client's own timeout covers a command only until it is written, and its socket's
 * begins anew with every write: on a busy site a connection whose other end has vanished would never be given up.
 */
function inTime<T>(command: Promise<T>, giveUp: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error('Redis has not answered in time.'));
      giveUp();
    }, COMMAND_TIMEOUT);
    command.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Of all the commands that time out together, the first one hangs up. */
function redial(client: Client, report: Report): void {
  if (!client.isReady) return;
  client.destroy();
  void connect(client, report);
}
