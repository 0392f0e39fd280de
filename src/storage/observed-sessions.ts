import session, { type SessionData, type Store } from 'express-session';

type Failed = () => void;
type Callback<T> = (error?: unknown, value?: T) => void;

/** A session store that tells of each of its calls that fails. */
export class ObservedSessions extends session.Store {
  readonly #store: Store;
  readonly #failed: Failed;

  constructor(store: Store, failed: Failed) {
    super();
    this.#store = store;
    this.#failed = failed;
  }

  get(sid: string, callback: Callback<SessionData | null>): void {
    this.#store.get(sid, this.#observed(callback));
  }

  set(sid: string, data: SessionData, callback?: Callback<void>): void {
    this.#store.set(sid, data, this.#observed(callback));
  }

  destroy(sid: string, callback?: Callback<void>): void {
    this.#store.destroy(sid, this.#observed(callback));
  }

  override touch(sid: string, data: SessionData, callback?: () => void): void {
    this.#store.touch?.(sid, data, this.#observed(callback));
  }

  #observed<T>(callback: Callback<T> | undefined): Callback<T> {
    return (error, value) => {
      if (error) this.#failed();
      callback?.(error, value);
    };
  }
}
