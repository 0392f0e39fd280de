import { setImmediate } from 'node:timers/promises';

/**
 * Walks through rows in batches of `size`. Each batch is found by the key of the row before it: an offset would read all
 * earlier rows again, and skip or repeat some when others write at the same time.
 *
 * @param read returns up to `size` rows after the given one, in the order of a unique key; from the first where it is undefined
 */
export async function* inBatches<T>(
  size: number,
  read: (last: T | undefined) => Promise<readonly T[]>,
): AsyncGenerator<readonly T[]> {
  let last: T | undefined;
  for (;;) {
    const batch = await read(last);
    if (batch.length > 0) yield batch;
    if (batch.length < size) return;
    last = batch.at(-1);
    await yieldToEventLoop();
  }
}

/** The same, row by row. */
export async function* oneByOne<T>(
  size: number,
  read: (last: T | undefined) => Promise<readonly T[]>,
): AsyncGenerator<T> {
  for await (const batch of inBatches(size, read)) yield* batch;
}

/** SQLite answers within the same turn of the event loop: without a break no request would be served before the end. */
export async function yieldToEventLoop(): Promise<void> {
  await setImmediate();
}
