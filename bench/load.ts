/** The result of one run of a load. */
export interface Run<Result = void> {
  /** Items per second. */
  readonly rate: number;
  /** Milliseconds, one per item. */
  readonly latencies: readonly number[];
  readonly results: readonly Result[];
}

/**
 * Runs a number of concurrent clients. Each starts its next item when the last one is done.
 *
 * @param work called for each item; if it throws, the bench ends
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
