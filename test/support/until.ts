import { setTimeout as delay } from 'node:timers/promises';
import { minutes } from '../../src/kernel/time.ts';

/** Long enough for a machine that is ten times slower than usual, and shorter than the limit of a test. */
export const PATIENCE = minutes(4);

/** Milliseconds between two checks. */
const PAUSE = 20;

/**
 * Waits for something. Its duration means nothing: the limit only makes a test fail with a reason.
 *
 * @param what the end of "It did not come to this: …"
 * @param look is called again while it returns false or undefined
 * @returns the result of `look`
 */
export async function until<Found>(
  what: string,
  look: () => Found | false | undefined | Promise<Found | false | undefined>,
): Promise<Found> {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (found !== false && found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`It did not come to this: ${what}.`);
    await delay(PAUSE);
  }
}

/**
 * Whether a promise settles before a timer of this process that starts now. If the machine stands still, both are late, and
 * come in their order: this also works for anything that a timer of this process ends. Milliseconds.
 */
export async function settlesWithin(milliseconds: number, promise: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController();
  const late = delay(milliseconds, false, { signal: timer.signal }).catch(() => false);
  const settled = promise.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, late]).finally(() => timer.abort());
}

/** The clock before and after: a "now" that is written in between lies between them, whatever the duration. Unix milliseconds. */
export async function clockAround<T>(act: () => Promise<T>) {
  const from = Date.now();
  const result = await act();
  return { result, from, to: Date.now() };
}
