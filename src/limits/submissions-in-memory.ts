import type { Clock } from '../kernel/time.ts';
import type { SubmissionStore } from './submissions.ts';

/** Maximum of all texts together, in characters; the oldest are dropped. */
const LARGEST = 16 * 1024 * 1024;

/** For a single process (SQLite), where a write to the disk would be waste. */
export class SubmissionsInMemory implements SubmissionStore {
  readonly #texts = new Map<string, { readonly text: string; readonly until: number }>();
  readonly #clock: Clock;
  #size = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async claim(key: string, text: string, lifetime: number): Promise<string | undefined> {
    const present = this.#present(key);
    if (present === undefined) this.#put(key, text, lifetime);
    return present;
  }

  async read(key: string): Promise<string | undefined> {
    return this.#present(key);
  }

  async write(key: string, text: string, lifetime: number): Promise<void> {
    this.#put(key, text, lifetime);
  }

  async remove(key: string): Promise<void> {
    this.#size -= this.#texts.get(key)?.text.length ?? 0;
    this.#texts.delete(key);
  }

  #present(key: string): string | undefined {
    const found = this.#texts.get(key);
    return found && found.until > this.#clock() ? found.text : undefined;
  }

  #put(key: string, text: string, lifetime: number): void {
    void this.remove(key);
    this.#texts.set(key, { text, until: this.#clock() + lifetime });
    this.#size += text.length;
    for (const [old, { until }] of this.#texts) {
      if (until > this.#clock() && this.#size <= LARGEST) break;
      void this.remove(old);
    }
  }
}
