/** The metrics of Prometheus's text format, by their series as written: `name{label="value"}`. */
export function figuresIn(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

/** The changes from one reading to the next; a new series counts with its whole value. */
export function increases(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): Readonly<Record<string, number>> {
  const changed = [...after].map(([series, value]) => [series, value - (before.get(series) ?? 0)] as const);
  return Object.fromEntries(changed.filter(([, change]) => change !== 0));
}

/** The number of the portal's own series; the process has more once each kind of work has been done. */
export function ownSeries(figures: ReadonlyMap<string, number>): number {
  return [...figures.keys()].filter((series) => series.startsWith('postern_')).length;
}
