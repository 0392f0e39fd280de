/** What one run of a load came to. */
export interface Run<Result = void> {
  /** A second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly latencies: readonly number[];
  readonly results: readonly Result[];
}

/**
 * So many clients at once, each beginning the next piece of work when its last one is done.
 *
 * @param work is done for each of the items; throws what went wrong, which ends the bench
 */
export async function closedLoop<Item, Result>(
  items: readonly Item[],
  clients: number,
  work: (item: Item) => Promise<Result>,
): Promise<Run<Result>> {
  const latencies: number[] = [];
  const results: Result[] = [];
  const waiting = items.values();
  async function client(): Promise<void> {
    for (const item of waiting) {
      const began = performance.now();
      results.push(await work(item));
      latencies.push(performance.now() - began);
    }
  }
  const began = performance.now();
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - began) / 1000;
  return { rate: items.length / seconds, latencies, results };
}
