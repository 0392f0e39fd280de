import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { Keyring } from '../../src/kernel/keyring.ts';
import type { SessionStore } from '../../src/sign-in/session-store.ts';

/** Sessions in memory, and the calls that stored, extended or removed one. */
export class MemorySessions implements SessionStore {
  readonly calls: string[] = [];
  readonly #sessions = new Map<string, string>();

  get ids(): readonly string[] {
    return [...this.#sessions.keys()];
  }

  async read(id: string): Promise<unknown> {
    await turn();
    const text = this.#sessions.get(id);
    return text === undefined ? undefined : JSON.parse(text);
  }

  async create(id: string, session: object): Promise<void> {
    const text = JSON.stringify(session);
    await turn();
    this.calls.push('create');
    if (this.#sessions.has(id)) throw new Error('The id is taken.');
    this.#sessions.set(id, text);
  }

  async update(id: string, session: object): Promise<boolean> {
    const text = JSON.stringify(session);
    await turn();
    this.calls.push('update');
    const isThere = this.#sessions.has(id);
    if (isThere) this.#sessions.set(id, text);
    return isThere;
  }

  async prolong(_id: string): Promise<void> {
    await turn();
    this.calls.push('prolong');
  }

  async remove(id: string): Promise<void> {
    await turn();
    this.calls.push('remove');
    this.#sessions.delete(id);
  }
}

/** The arguments of `sessions()` for a site under test. */
export function sessionServices(sessionStore: SessionStore = new MemorySessions()) {
  const keyring = new Keyring(() => ['7'.repeat(43)]);
  return { sessionStore, keyring, logger: pino({ level: 'silent' }) };
}
