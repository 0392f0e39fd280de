import { setImmediate } from 'node:timers/promises';

/** So many accounts are read by one statement. */
export const BATCH = 200;

/**
 * Accounts in the order of their ids, a batch at a time. `read` gives up to `BATCH` of those that come after an id; the empty
 * one comes before all.
 */
export async function* inBatches<T extends { readonly account: { readonly id: string } }>(
  read: (after: string) => Promise<readonly T[]>,
): AsyncGenerator<readonly T[]> {
  for (let after = ''; ; ) {
    const batch = await read(after);
    if (batch.length > 0) yield batch;
    if (batch.length < BATCH) return;
    after = batch.at(-1)?.account.id ?? after;
    await othersServed();
  }
}

/** The embedded database answers at once: without a break nobody else would be served before the end. */
export async function othersServed(): Promise<void> {
  await setImmediate();
}
