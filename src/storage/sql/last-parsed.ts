/** Most results that are kept, of about 10 kB each. */
const MOST_KEPT = 1000;

/**
 * Returns what was parsed last under a key while the text stays the same. Parsing the rows of a person takes as long as reading
 * them, and they are mostly those of the last request.
 */
export class LastParsed<T> {
  readonly #kept = new Map<string, { readonly text: string; readonly parsed: T }>();
  readonly #isKept: (parsed: T) => boolean;

  /** @param isKept whether a result is worth keeping: keys that a stranger can make up have no end */
  constructor(isKept: (parsed: T) => boolean) {
    this.#isKept = isKept;
  }

  of(key: string, text: string, parse: () => T): T {
    const last = this.#kept.get(key);
    if (last?.text === text) return last.parsed;
    const parsed = parse();
    this.#kept.delete(key);
    if (!this.#isKept(parsed)) return parsed;
    if (this.#kept.size >= MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value ?? '');
    this.#kept.set(key, { text, parsed });
    return parsed;
  }
}
