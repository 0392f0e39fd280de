/**
 * Where sessions are stored, by id, as JSON. A session ends when it is removed or when no request came for the idle limit. One that
 * has ended is never stored again: a request that was under way must not bring back an id that a sign-out has ended or a step-up
 * has replaced (ASVS 7.4.1, 7.2.4). Every method rejects if the store is down.
 */
export interface SessionStore {
  /** The session; undefined if there is none under this id. */
  read(id: string): Promise<unknown>;
  /** Stores a session under a new id. Rejects if the id is taken. */
  create(id: string, session: object): Promise<void>;
  /** Replaces the session and prolongs it. False: it has ended, and nothing was stored. */
  update(id: string, session: object): Promise<boolean>;
  /** Restarts the idle limit; does nothing if reading has done so, or if the session has ended. */
  prolong(id: string): Promise<void>;
  remove(id: string): Promise<void>;
}
