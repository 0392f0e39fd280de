import { setTimeout as delay } from 'node:timers/promises';
import { ErrorReply, type SetOptions } from 'redis';
import { seconds } from '../time.ts';

const LONGEST_BACK_OFF = seconds(2);

/** What a connection to Redis does for the portal. */
export interface RedisCommands {
  getEx(key: string, lifetime: { readonly type: 'EX'; readonly value: number }): Promise<string | null>;
  set(key: string, value: string, options: SetOptions): Promise<unknown>;
  del(keys: string[]): Promise<unknown>;
  ping(): Promise<unknown>;
}

/** A connection that does not mend itself. */
export interface RedisConnection {
  readonly commands: RedisCommands;
  /** Whether others of its servers may still answer when one is lost: then it is of use until there is a new one. */
  readonly isCluster: boolean;
  /** Lets commands under way finish, then hangs up. */
  close(): Promise<unknown>;
  destroy(): void;
}

/** Connects, or rejects within some seconds. `lost` is called when the connection, or a part of it, breaks later. */
export type Dial = (lost: (error: unknown) => void) => Promise<RedisConnection>;

interface LineOptions {
  /** Milliseconds. */
  readonly timeout: number;
  readonly report: (error: unknown) => void;
}

/**
 * A connection to Redis that is made anew, for ever, whenever it breaks, falls silent, or leads to a server that is no longer
 * the primary. What is asked fails within the timeout and is never sent again: it may have been carried out.
 */
export class RedisLine {
  readonly #dial: Dial;
  readonly #timeout: number;
  readonly #report: (error: unknown) => void;
  #connection: RedisConnection | undefined;
  #dialling: Promise<void> | undefined;
  #dialledAt = 0;
  #retries = 0;
  readonly #retired = new Set<RedisConnection>();
  readonly #closing = new AbortController();

  constructor(dial: Dial, { timeout, report }: LineOptions) {
    this.#dial = dial;
    this.#timeout = timeout;
    this.#report = report;
  }

  /** Resolves once there is a connection for the first time. */
  async open(): Promise<void> {
    await this.#redial();
  }

  async ask<T>(command: (redis: RedisCommands) => Promise<T>): Promise<T> {
    const connection = this.#connection;
    // What waits in a queue for Redis to come back would never answer.
    if (!connection) throw new Error('There is no connection to Redis.');
    try {
      return await inTime(command(connection.commands), this.#timeout);
    } catch (error) {
      if (isLoss(error)) this.#lose(connection, error);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const connection = this.#connection;
    this.#connection = undefined;
    for (const retired of this.#retired) retired.destroy();
    if (!connection) return;
    await inTime(connection.close(), this.#timeout).catch(this.#report);
    connection.destroy();
  }

  /** Of all the commands that fail together, the first one hangs up. */
  #lose(connection: RedisConnection | undefined, error: unknown): void {
    if (this.#closing.signal.aborted || connection === undefined || connection !== this.#connection) return;
    if (this.#dialling) return;
    this.#report(error);
    if (!connection.isCluster) {
      this.#connection = undefined;
      connection.destroy();
    }
    // One that breaks as soon as it is made is no reason to make the next at once.
    if (Date.now() - this.#dialledAt > LONGEST_BACK_OFF) this.#retries = 0;
    void this.#redial();
  }

  #redial(): Promise<void> {
    this.#dialling ??= this.#dialUntilConnected().finally(() => {
      this.#dialling = undefined;
    });
    return this.#dialling;
  }

  async #dialUntilConnected(): Promise<void> {
    while (!this.#closing.signal.aborted && !(await this.#connects())) {
      const backOff = Math.min(50 * 2 ** Math.min(this.#retries, 6), LONGEST_BACK_OFF);
      await delay(backOff, undefined, this.#closing).catch(() => {});
    }
  }

  async #connects(): Promise<boolean> {
    this.#dialledAt = Date.now();
    this.#retries += 1;
    try {
      let made: RedisConnection | undefined;
      made = await this.#dial((error) => this.#lose(made, error));
      this.#replace(made);
      return true;
    } catch (error) {
      this.#report(error);
      return false;
    }
  }

  #replace(connection: RedisConnection): void {
    if (this.#connection) this.#retire(this.#connection);
    if (this.#closing.signal.aborted) connection.destroy();
    else this.#connection = connection;
  }

  /** What was asked of it has its answer by then, or none any more. */
  #retire(connection: RedisConnection): void {
    this.#retired.add(connection);
    setTimeout(() => {
      this.#retired.delete(connection);
      connection.destroy();
    }, this.#timeout).unref();
  }
}

/** Whether it tells more than that Redis does not do what it was asked. */
function isLoss(error: unknown): boolean {
  if (!(error instanceof ErrorReply)) return true;
  // A primary that has become a replica. (The Sentinels break its connections as well, once they reach it.)
  return error.message.startsWith('READONLY');
}

/**
 * Ends the waiting for an answer. The client's own timeout covers a command only until it is written, and its socket's
 * begins anew with every write: on a busy site a connection whose other end has vanished would never be given up.
 */
export function inTime<T>(answer: Promise<T>, timeout: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('Redis has not answered in time.')), timeout);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
