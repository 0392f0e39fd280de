/** A comparison of two samples of times. */
export interface Comparison {
  /** Median of the first minus median of the second, relative to the second. */
  readonly difference: number;
  /** How many standard deviations the sum of ranks is away from the expected one (Mann-Whitney). */
  readonly deviations: number;
}

/**
 * Measures two things alternately, each one first in every other pair, so that a machine that gets slower or busier slows both
 * down. Each resolves to its duration, in any unit.
 */
export async function compareTimes(
  rounds: number,
  one: () => Promise<number>,
  other: () => Promise<number>,
): Promise<Comparison> {
  const [ones, others]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) ones.push(await one());
    others.push(await other());
    if (round % 2 === 1) ones.push(await one());
  }
  const difference = (median(ones) - median(others)) / median(others);
  return { difference, deviations: rankDeviations(ones, others) };
}

export function median(sample: readonly number[]): number {
  const sorted = sample.toSorted((a, b) => a - b);
  return (
    ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) /
    2
  );
}

/** The value below which this part of the sample is (nearest rank). */
export function percentile(sample: readonly number[], part: number): number {
  const sorted = sample.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

/** The normal approximation of the U statistic; ties count half. */
export function rankDeviations(ones: readonly number[], others: readonly number[]): number {
  const [n, m] = [ones.length, others.length];
  const wins = ones.flatMap((one) => others.map((other) => (one > other ? 1 : one === other ? 0.5 : 0)));
  const u = wins.reduce<number>((sum, win) => sum + win, 0);
  return (u - (n * m) / 2) / Math.sqrt((n * m * (n + m + 1)) / 12);
}
