import { type Clock, hours, type Instant } from '../kernel/time.ts';

/** How many errors of an app are kept, and of how many apps. */
const MOST_ERRORS = 20;
const MOST_APPS = 1000;

/** An error that a client got, or a person on the way to it. */
export interface ClientError {
  /** When it last happened. */
  readonly at: Instant;
  /** How often, since it first happened within an hour. */
  readonly count: number;
  /** Where: "authorize", "token", "userinfo", "revoke", "logout". */
  readonly endpoint: string;
  /** As in RFC 6749 §5.2: "invalid_client". */
  readonly error: string;
  /** Why, in technical English; never a secret, a code or a token. */
  readonly detail: string;
}

/**
 * The last errors of each app, newest first, for administrators who connect one. In memory, of this instance, until it ends: anybody
 * can cause such errors, and a table would let them fill the database. The log has them all.
 */
export class ClientErrors {
  readonly #clock: Clock;
  readonly #byApp = new Map<string, ClientError[]>();

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  /** One that repeats within an hour is counted, so that it does not push the others out. */
  record(
    appId: string,
    { endpoint, error, detail }: Pick<ClientError, 'endpoint' | 'error' | 'detail'>,
  ): void {
    const now = this.#clock();
    const errors = this.#byApp.get(appId) ?? [];
    const isSame = (other: ClientError) =>
      other.endpoint === endpoint && other.error === error && other.detail === detail;
    const before = errors.find((other) => isSame(other) && now - other.at < hours(1));
    const entry = { at: now, count: (before?.count ?? 0) + 1, endpoint, error, detail };
    const others = errors.filter((other) => other !== before);
    // The map keeps the order in which apps had errors, the latest last.
    this.#byApp.delete(appId);
    this.#byApp.set(appId, [entry, ...others].slice(0, MOST_ERRORS));
    const [oldest] = this.#byApp.keys();
    if (this.#byApp.size > MOST_APPS && oldest !== undefined) this.#byApp.delete(oldest);
  }

  /** Newest first; at most twenty. */
  of(appId: string): readonly ClientError[] {
    return this.#byApp.get(appId) ?? [];
  }
}
