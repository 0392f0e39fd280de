import { setTimeout as delay } from 'node:timers/promises';
import { ErrorReply, type SetOptions } from 'redis';
import { type Clock, type Instant, seconds } from '../../kernel/time.ts';
import { withTimeout } from '../../kernel/with-timeout.ts';

const LONGEST_BACK_OFF = seconds(2);

/** The commands that the portal sends. */
export interface RedisCommands {
  getEx(key: string, lifetime: { readonly type: 'EX'; readonly value: number }): Promise<string | null>;
  get(key: string): Promise<string | null>;
  set(key: string, value: string, options: SetOptions): Promise<unknown>;
  del(keys: string[]): Promise<unknown>;
  ping(): Promise<unknown>;
}

/** A connection to one server, or to a Cluster, which ends for good when it breaks. */
export interface RedisLink {
  readonly commands: RedisCommands;
  /** Whether other servers may still answer when one is lost: then the link is used until there is a new one. */
  readonly isCluster: boolean;
  /** Lets commands under way finish, then disconnects. */
  close(): Promise<unknown>;
  destroy(): void;
}

/** Connects, or rejects within seconds. `lost` is called when the connection, or a part of it, breaks later. */
export type Connector = (lost: (error: unknown) => void) => Promise<RedisLink>;

interface ConnectionOptions {
  /** Milliseconds. */
  readonly timeout: number;
  readonly clock: Clock;
  readonly report: (error: unknown) => void;
  /** Called for each new link. */
  readonly connected?: () => void;
}

/**
 * Reconnects to Redis, for ever, when the link breaks, stops answering, or leads to a server that is no longer the primary.
 * A command fails within the timeout and is never sent again, because it may have been executed.
 */
export class RedisConnection {
  readonly #connector: Connector;
  readonly #timeout: number;
  readonly #clock: Clock;
  readonly #report: (error: unknown) => void;
  readonly #connected: () => void;
  /** Why there is no link. */
  #fault: unknown;
  #link: RedisLink | undefined;
  #connecting: Promise<void> | undefined;
  #connectingSince: Instant = 0;
  #retries = 0;
  readonly #retired = new Set<RedisLink>();
  readonly #closing = new AbortController();

  constructor(connector: Connector, { timeout, clock, report, connected = () => {} }: ConnectionOptions) {
    this.#connector = connector;
    this.#timeout = timeout;
    this.#clock = clock;
    this.#report = report;
    this.#connected = connected;
  }

  /** Resolves once there is a connection for the first time. */
  async open(): Promise<void> {
    await this.#reconnect();
  }

  async ask<T>(command: (redis: RedisCommands) => Promise<T>): Promise<T> {
    const link = this.#link;
    // Without a queue: a command that waited for Redis to come back would answer too late.
    if (!link) throw new Error('There is no connection to Redis.', { cause: this.#fault });
    try {
      return await answerWithin(this.#timeout, command(link.commands));
    } catch (error) {
      if (isDisconnect(error)) this.#drop(link, error);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const link = this.#link;
    this.#link = undefined;
    for (const retired of this.#retired) retired.destroy();
    if (!link) return;
    await answerWithin(this.#timeout, link.close()).catch(this.#report);
    link.destroy();
  }

  /** Of all commands that fail together, the first one ends the link. */
  #drop(link: RedisLink | undefined, error: unknown): void {
    if (this.#closing.signal.aborted || link === undefined || link !== this.#link) return;
    if (this.#connecting) return;
    this.#report(error);
    if (!link.isCluster) {
      this.#link = undefined;
      link.destroy();
    }
    // A link that breaks as soon as it is made does not reset the back-off.
    if (this.#clock() - this.#connectingSince > LONGEST_BACK_OFF) this.#retries = 0;
    void this.#reconnect();
  }

  #reconnect(): Promise<void> {
    this.#connecting ??= this.#connectWithBackoff().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connectWithBackoff(): Promise<void> {
    while (!this.#closing.signal.aborted && !(await this.#tryConnect())) {
      const backOff = Math.min(50 * 2 ** Math.min(this.#retries, 6), LONGEST_BACK_OFF);
      await delay(backOff, undefined, this.#closing).catch(() => {});
    }
  }

  async #tryConnect(): Promise<boolean> {
    this.#connectingSince = this.#clock();
    this.#retries += 1;
    try {
      let made: RedisLink | undefined;
      made = await this.#connector((error) => this.#drop(made, error));
      this.#replace(made);
      this.#connected();
      return true;
    } catch (error) {
      this.#fault = error;
      this.#report(error);
      return false;
    }
  }

  #replace(link: RedisLink): void {
    if (this.#link) this.#retire(this.#link);
    if (this.#closing.signal.aborted) link.destroy();
    else this.#link = link;
  }

  /** Ended after the timeout: commands under way have been answered by then, or have failed. */
  #retire(link: RedisLink): void {
    this.#retired.add(link);
    setTimeout(() => {
      this.#retired.delete(link);
      link.destroy();
    }, this.#timeout).unref();
  }
}

/** Whether the error means that the link is of no more use, and not only that Redis refused a command. */
function isDisconnect(error: unknown): boolean {
  if (!(error instanceof ErrorReply)) return true;
  // A primary that has become a replica. (The Sentinels break its connections as well, once they reach it.)
  return error.message.startsWith('READONLY');
}

/**
 * An answer of Redis within the timeout. The client's own timeout covers a command only until it is written, and that of its
 * socket begins again with every write: on a busy site a connection whose other end has vanished would never be given up.
 */
export function answerWithin<T>(timeout: number, answer: Promise<T>): Promise<T> {
  return withTimeout(answer, timeout, () => {
    throw new Error('Redis has not answered in time.');
  });
}
