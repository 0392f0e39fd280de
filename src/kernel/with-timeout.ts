/**
 * The outcome of `work`, or what `late` returns (or throws) after this many milliseconds. The work goes on; nobody learns of its
 * outcome any more. The timer keeps the process alive no longer than the work does.
 */
export async function withTimeout<T, L>(
  work: Promise<T>,
  milliseconds: number,
  late: () => L,
): Promise<T | L> {
  const { promise, resolve } = Promise.withResolvers<'late'>();
  const timer = setTimeout(resolve, milliseconds, 'late');
  try {
    const first = await Promise.race([work.then((outcome) => ({ outcome })), promise]);
    return first === 'late' ? late() : first.outcome;
  } finally {
    clearTimeout(timer);
  }
}
