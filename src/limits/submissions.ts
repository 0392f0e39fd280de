import { createHmac } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type Keyring, sealedText } from '../kernel/keyring.ts';
import { type Clock, seconds } from '../kernel/time.ts';

/** How long an answer is repeated. Longer than a second click takes on a slow line. */
export const ANSWER_LIFETIME = seconds(15);
/** A claim without an answer: renewed while its process lives, so that a killed process blocks nobody for longer. */
const LEASE = seconds(5);
const RENEW_EVERY = seconds(2);
/** How long a second arrival waits for the first one's answer. More than a lease. */
const PATIENCE = seconds(10);
const LOOK_EVERY = 50;
/** Answers that one session can have remembered at once, and all sessions of this process: memory is bounded. */
const MOST_OF_SESSION = 16;
const MOST_IN_ALL = 2000;
const LONGEST_TEXT = 96 * 1024;

/** Texts under keys that expire by themselves; `lifetime` in milliseconds. */
export interface SubmissionStore {
  /** Stores the text if the key is free, in one atomic step. Resolves to undefined then, else to the text that is there. */
  claim(key: string, text: string, lifetime: number): Promise<string | undefined>;
  read(key: string): Promise<string | undefined>;
  write(key: string, text: string, lifetime: number): Promise<void>;
  remove(key: string): Promise<void>;
}

/** A form as it arrived: who sent it and what. */
export interface Arrival {
  /** The session cookie as it was sent. */
  readonly cookie: string;
  /** Method, address, browser, body: one form sent twice is equal in all of them. */
  readonly content: readonly string[];
}

const record = z.object({
  /** Digests of the cookies that may see the answer: the sender's, and the one that the answer sets. */
  by: z.array(z.string()),
  until: z.number(),
  /** Undefined while the first arrival is being worked on. */
  answer: z.string().optional(),
});
type Record = z.infer<typeof record>;

/** The first arrival of a form. One of the two is to be called once. */
export interface FirstArrival {
  readonly kind: 'first';
  /** Remembers the answer, for the sender and for requests with the session cookie that the answer sets. */
  answered(answer: string, cookie: string | undefined): void;
  /** Forgets the arrival: nothing was done, and the form may be sent again. */
  forget(): void;
}

export type Outcome =
  | FirstArrival
  | { readonly kind: 'answered'; readonly answer: string }
  /** The first arrival has no answer yet, after ten seconds. */
  | { readonly kind: 'still working' }
  /** The arrival waited for one that was then given up: what it has read of the session is old. */
  | { readonly kind: 'given up' };

/**
 * Recognises a form that is sent a second time: a double click, a tremor, a slow line. The first arrival claims the form's
 * key; later ones get the first one's answer. Keys are keyed hashes and answers are sealed: the store tells nothing.
 */
export class Submissions {
  readonly #store: SubmissionStore;
  readonly #keyring: Keyring;
  readonly #clock: Clock;
  readonly #report: (error: unknown) => void;
  /** What this process has claimed, oldest first. */
  readonly #claimed = new Map<string, { readonly by: string; readonly until: number }>();
  /** The same by sender. */
  readonly #claimedBy = new Map<string, Set<string>>();
  readonly #writing = new Set<Promise<unknown>>();

  constructor(options: {
    readonly store: SubmissionStore;
    readonly keyring: Keyring;
    readonly clock: Clock;
    readonly report: (error: unknown) => void;
  }) {
    this.#store = options.store;
    this.#keyring = options.keyring;
    this.#clock = options.clock;
    this.#report = options.report;
  }

  /** Claims the form, or waits for the answer of the arrival that has claimed it. Rejects when the store is away. */
  async claim(arrival: Arrival): Promise<Outcome> {
    const by = this.#digest('cookie', [arrival.cookie]);
    const key = this.#digest('form', arrival.content);
    for (const before of [true, false]) {
      const pending = this.#sealed({ by: [by], until: this.#clock() + LEASE }, key);
      const earlier = await this.#store.claim(key, pending, LEASE);
      if (earlier === undefined) return this.#first(key, by);
      const known = this.#opened(earlier, key);
      if (known && known.until > this.#clock()) return this.#await(key, by, known);
      // Only where the clock of the store is behind ours.
      if (before) await this.#store.remove(key);
    }
    return { kind: 'still working' };
  }

  /** The answer of an earlier arrival; for a sender whose session is another one by now. Undefined: there is none for them. */
  async find(arrival: Arrival): Promise<Outcome | undefined> {
    const by = this.#digest('cookie', [arrival.cookie]);
    const key = this.#digest('form', arrival.content);
    const known = await this.#read(key);
    // A claim without an answer does not yet know the cookie that its answer will set.
    if (!known || (known.answer !== undefined && !known.by.includes(by))) return undefined;
    const outcome = await this.#await(key, by, known);
    return outcome.kind === 'given up' ? undefined : outcome;
  }

  /** Resolves once what is being written is stored. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing);
  }

  async #await(key: string, by: string, first: Record): Promise<Outcome> {
    const deadline = performance.now() + PATIENCE;
    for (let known: Record | undefined = first; known; known = await this.#read(key)) {
      if (known.answer !== undefined) {
        return known.by.includes(by) ? { kind: 'answered', answer: known.answer } : { kind: 'given up' };
      }
      if (performance.now() > deadline) return { kind: 'still working' };
      await delay(LOOK_EVERY);
    }
    return { kind: 'given up' };
  }

  #first(key: string, by: string): FirstArrival {
    this.#makeRoom(by);
    this.#claimed.set(key, { by, until: this.#clock() + LEASE + ANSWER_LIFETIME });
    this.#claimedBy.set(by, (this.#claimedBy.get(by) ?? new Set()).add(key));
    const renewal = setInterval(() => {
      const until = this.#clock() + LEASE;
      this.#keep(this.#store.write(key, this.#sealed({ by: [by], until }, key), LEASE));
    }, RENEW_EVERY).unref();
    const forget = () => {
      clearInterval(renewal);
      this.#drop(key);
    };
    return {
      kind: 'first',
      forget,
      answered: (answer, cookie) => {
        clearInterval(renewal);
        const others = cookie === undefined ? [] : [this.#digest('cookie', [cookie])];
        const until = this.#clock() + ANSWER_LIFETIME;
        const text = this.#sealed({ by: [by, ...others], until, answer }, key);
        if (text.length > LONGEST_TEXT) return forget();
        this.#keep(this.#store.write(key, text, ANSWER_LIFETIME));
      },
    };
  }

  /** A sender's oldest form is forgotten for the newest: nobody fills the store. */
  #makeRoom(by: string): void {
    const now = this.#clock();
    for (const [key, { until }] of this.#claimed) {
      if (until > now) break;
      this.#release(key);
    }
    const own = this.#claimedBy.get(by);
    if (own && own.size >= MOST_OF_SESSION) this.#drop(own.values().next().value);
    if (this.#claimed.size >= MOST_IN_ALL) this.#drop(this.#claimed.keys().next().value);
  }

  #drop(key: string | undefined): void {
    if (key === undefined) return;
    this.#release(key);
    this.#keep(this.#store.remove(key));
  }

  #release(key: string): void {
    const by = this.#claimed.get(key)?.by;
    if (by === undefined) return;
    this.#claimed.delete(key);
    const own = this.#claimedBy.get(by);
    own?.delete(key);
    if (own?.size === 0) this.#claimedBy.delete(by);
  }

  async #read(key: string): Promise<Record | undefined> {
    const text = await this.#store.read(key);
    const known = text === undefined ? undefined : this.#opened(text, key);
    return known && known.until > this.#clock() ? known : undefined;
  }

  /** Nobody waits for these: the answer is on its way already. */
  #keep(work: Promise<unknown>): void {
    const writing = work.catch(this.#report).finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  #sealed(content: Record, key: string): string {
    return JSON.stringify(this.#keyring.seal(JSON.stringify(content), `submission:${key}`));
  }

  /** Undefined where the key is gone that sealed it: then it is no answer to anybody. */
  #opened(text: string, key: string): Record | undefined {
    try {
      const plain = this.#keyring.open(sealedText.parse(JSON.parse(text)), `submission:${key}`);
      return record.parse(JSON.parse(plain));
    } catch (error) {
      this.#report(error);
      return undefined;
    }
  }

  #digest(what: 'cookie' | 'form', parts: readonly string[]): string {
    const { key } = this.#keyring.current('submission');
    return createHmac('sha256', key)
      .update(JSON.stringify([what, ...parts]))
      .digest('base64url');
  }
}
