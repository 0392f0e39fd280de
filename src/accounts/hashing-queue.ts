import { availableParallelism } from 'node:os';

/** Thrown if too many hashes wait already. The client can try again in a few seconds. */
export class Overloaded extends Error {}

/**
 * "people": requests that are known to belong to an account (a known browser, an open session, a mailed link). "strangers":
 * all others, including attackers. Each lane has its own places and half of the turns.
 */
export type Lane = 'people' | 'strangers';

/** The requester of a hash. */
export interface Asker {
  readonly lane: Lane;
  /** Turns of a lane are shared fairly between keys: accounts for people, clients for strangers. */
  readonly key: string;
}

/** Runs `work` when it is the caller's turn. `cost`: a multiple of a hash with the current parameters. */
export type Turn = <Result>(cost: number, work: () => Promise<Result>) => Promise<Result>;

/** A higher cost is heavy (argon2 with 256 MiB: 27; bcrypt with cost 12: 8). */
const HEAVY = 4;

interface Waiting {
  readonly cost: number;
  /** The lane's virtual time at which it may start. The smallest tag is next. */
  readonly tag: number;
  readonly start: () => void;
}

/** Start-time fair queueing (Goyal, Vin, Cheng 1996): a key that used much recently comes later, however much it sends. */
class LaneQueue {
  readonly #places: number;
  readonly #taken = new Map<string, number>();
  readonly #usedUpTo = new Map<string, number>();
  readonly #waiting: Waiting[] = [];
  #allTaken = 0;
  #now = 0;
  /** Total cost of the work of this lane, to compare with the other lane. */
  used = 0;

  constructor(places: number) {
    this.#places = places;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Takes a place; false if the key already has as many places as are free: dynamic thresholds (Choudhury, Hahne 1998). One
   * client gets at most half of the lane, two get two thirds; to leave no place for the next, as many clients as places are
   * needed.
   */
  take(key: string): boolean {
    const own = this.#taken.get(key) ?? 0;
    if (own >= this.#places - this.#allTaken) return false;
    this.#taken.set(key, own + 1);
    this.#allTaken += 1;
    return true;
  }

  giveBack(key: string): void {
    const left = (this.#taken.get(key) ?? 0) - 1;
    if (left > 0) this.#taken.set(key, left);
    else this.#taken.delete(key);
    this.#allTaken -= 1;
    this.#forgetPast();
  }

  add(key: string, cost: number, start: () => void): void {
    const tag = Math.max(this.#now, this.#usedUpTo.get(key) ?? 0);
    this.#usedUpTo.set(key, tag + Math.max(1, cost));
    const behind = this.#waiting.findIndex((other) => other.tag > tag);
    this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, { cost, tag, start });
  }

  next(mayBeHeavy: boolean): Waiting | undefined {
    return this.#waiting.find(({ cost }) => mayBeHeavy || cost <= HEAVY);
  }

  starts(waiting: Waiting): void {
    this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
    this.#now = Math.max(this.#now, waiting.tag);
    this.used += Math.max(1, waiting.cost);
  }

  /** Drops old entries: requests from ever new addresses must not fill the memory. */
  #forgetPast(): void {
    if (this.#usedUpTo.size <= 2 * this.#places) return;
    for (const [key, upTo] of this.#usedUpTo) {
      if (upTo <= this.#now && !this.#taken.has(key)) this.#usedUpTo.delete(key);
    }
  }
}

/**
 * Computes slow hashes, a few at once. Each takes 19 MiB and tens of milliseconds of a processor: without a limit, a client
 * that sends many sign-ins at once uses up the memory and makes everybody wait. Keys take turns, and heavy hashes use at most
 * half of the processors.
 */
export class HashingQueue {
  readonly #atOnce: number;
  readonly #lanes: Readonly<Record<Lane, LaneQueue>>;
  #running = 0;
  #heavy = 0;
  #refused = 0;

  constructor(atOnce: number, places: Readonly<Record<Lane, number>>) {
    this.#atOnce = atOnce;
    this.#lanes = { people: new LaneQueue(places.people), strangers: new LaneQueue(places.strangers) };
  }

  /**
   * Reserves a place and runs `work` with it. Throws `Overloaded` at once if there is no place, before `work` begins: an
   * attempt that is not checked is not counted.
   */
  async admit<Result>({ lane, key }: Asker, work: (turn: Turn) => Promise<Result>): Promise<Result> {
    const queue = this.#lanes[lane];
    if (!queue.take(key)) {
      this.#refused += 1;
      throw new Overloaded('Too many passwords wait to be checked.');
    }
    try {
      return await work((cost, piece) => this.#inTurn(lane, key, cost, piece));
    } finally {
      queue.giveBack(key);
    }
  }

  /** For metrics: number of running and waiting hashes, and of refused requests since the start. */
  get load(): { readonly running: number; readonly waiting: number; readonly refused: number } {
    const waiting = this.#lanes.people.waiting + this.#lanes.strangers.waiting;
    return { running: this.#running, waiting, refused: this.#refused };
  }

  async #inTurn<Result>(
    lane: Lane,
    key: string,
    cost: number,
    piece: () => Promise<Result>,
  ): Promise<Result> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#add(lane, key, cost, resolve);
    await promise;
    try {
      return await piece();
    } finally {
      this.#running -= 1;
      if (cost > HEAVY) this.#heavy -= 1;
      this.#startNext();
    }
  }

  #add(lane: Lane, key: string, cost: number, start: () => void): void {
    const queue = this.#lanes[lane];
    const other = this.#lanes[lane === 'people' ? 'strangers' : 'people'];
    // An idle lane saves up no turns.
    if (queue.waiting === 0) queue.used = Math.max(queue.used, other.used);
    queue.add(key, cost, start);
    this.#startNext();
  }

  #startNext(): void {
    while (this.#running < this.#atOnce) {
      const mayBeHeavy = this.#heavy < Math.max(1, Math.floor(this.#atOnce / 2));
      const [next] = [this.#lanes.people, this.#lanes.strangers]
        .map((queue) => ({ queue, waiting: queue.next(mayBeHeavy) }))
        .filter(({ waiting }) => waiting !== undefined)
        .sort((one, other) => one.queue.used - other.queue.used);
      if (!next?.waiting) return;
      next.queue.starts(next.waiting);
      this.#running += 1;
      if (next.waiting.cost > HEAVY) this.#heavy += 1;
      next.waiting.start();
    }
  }
}

/** A processor computes at least 30 hashes a second, so the wait is a few seconds at most. */
const PLACES_PER_PROCESSOR = { people: 40, strangers: 60 } as const;

/** The one queue of this process. */
export const hashing = new HashingQueue(availableParallelism(), {
  people: PLACES_PER_PROCESSOR.people * availableParallelism(),
  strangers: PLACES_PER_PROCESSOR.strangers * availableParallelism(),
});
