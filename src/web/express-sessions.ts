import type { Request } from 'express';
import session, { type SessionData } from 'express-session';
import type { SessionStore } from '../sign-in/session-store.ts';

/** The session has ended while the request was under way, so its changes were not stored. */
export class SessionEnded extends Error {}

type Callback<T = void> = (error?: unknown, value?: T) => void;

/**
 * The store as express-session calls it. express-session stores new sessions and changes by the same call; here they are told
 * apart, because a change must not bring a session back that has ended.
 */
export class ExpressSessions extends session.Store {
  readonly #store: SessionStore;
  readonly #report: (error: unknown) => void;
  /** The stored content of the sessions that requests hold. One that is not in it was generated, under a new id. */
  readonly #stored = new WeakMap<object, string>();
  /** Sessions that their request has stored or prolonged. */
  readonly #kept = new WeakSet<object>();

  /** @param report receives the errors for which no page is withheld */
  constructor(store: SessionStore, report: (error: unknown) => void) {
    super();
    this.#store = store;
    this.#report = report;
  }

  get(id: string, callback: Callback<SessionData | null>): void {
    answer(async () => ((await this.#store.read(id)) ?? null) as SessionData | null, callback);
  }

  override createSession(request: Request, data: SessionData) {
    const opened = super.createSession(request, data);
    this.#stored.set(opened, contentOf(opened));
    return opened;
  }

  /** Fails with SessionEnded if a stored session has ended since it was read. */
  set(id: string, data: SessionData, callback: Callback = () => {}): void {
    // Stored before the response: called back at once, so that express-session sends the response in one piece.
    if (this.#stored.get(data) === contentOf(data)) callback();
    else answer(() => this.#write(id, data), callback);
  }

  destroy(id: string, callback: Callback = () => {}): void {
    answer(() => this.#store.remove(id), callback);
  }

  /** Stores the session of a request if it was changed, else prolongs it. A new session without content is not stored. */
  async keep(id: string, data: Partial<SessionData>): Promise<void> {
    const stored = this.#stored.get(data);
    const content = contentOf(data);
    if (content !== (stored ?? EMPTY)) return this.#write(id, data);
    if (stored === undefined || this.#kept.has(data)) return;
    this.#kept.add(data);
    await this.#store.prolong(id).catch(this.#report);
  }

  async #write(id: string, data: Partial<SessionData>): Promise<void> {
    const content = contentOf(data);
    if (!this.#stored.has(data)) await this.#store.create(id, data);
    else if (!(await this.#store.update(id, data))) throw new SessionEnded();
    this.#stored.set(data, content);
    this.#kept.add(data);
  }
}

const EMPTY = '{}';

/** All but the cookie, which express-session changes with each request. */
function contentOf({ cookie: _cookie, ...content }: Partial<SessionData>): string {
  return JSON.stringify(content);
}

/** The callback runs on a turn of its own: an exception in it is not an error of the store. */
function answer<T>(work: () => Promise<T>, callback: Callback<T>): void {
  work().then(
    (value) => setImmediate(() => callback(null, value)),
    (error: unknown) => setImmediate(() => callback(error)),
  );
}
