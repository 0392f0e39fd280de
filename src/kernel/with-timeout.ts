/**
 * The outcome of `work`, or what `late` returns (or throws) after this many milliseconds. The work goes on; nobody learns of its
 * outcome any more. The timer keeps the process alive no longer than the work does.
 */
export function withTimeout<T, L>(work: Promise<T>, milliseconds: number, late: () => L): Promise<T | L> {
  const { promise, resolve, reject } = Promise.withResolvers<T | L>();
  const timer = setTimeout(() => {
    try {
      resolve(late());
    } catch (error) {
      reject(error);
    }
  }, milliseconds);
  work.then(
    (outcome) => {
      clearTimeout(timer);
      resolve(outcome);
    },
    (error: unknown) => {
      clearTimeout(timer);
      reject(error);
    },
  );
  return promise;
}
