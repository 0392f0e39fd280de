import type { Keyring, Sealed } from '../kernel/keyring.ts';

/** Numbers of sealed texts by outcome. */
export interface Resealed {
  readonly resealed: number;
  /** No key opens them: the data was altered, or the key is lost. */
  readonly lost: number;
}

/**
 * Seals texts again that are sealed under an older key than the newest. It can be interrupted and repeated, and a server that runs
 * meanwhile reads both.
 */
export async function resealAll<Row extends { readonly sealed: Sealed }>(
  keyring: Pick<Keyring, 'seal' | 'open' | 'isStale'>,
  rows: readonly Row[],
  contextOf: (row: Row) => string,
  store: (row: Row, sealed: Sealed) => Promise<void>,
): Promise<Resealed> {
  const counts = { resealed: 0, lost: 0 };
  for (const row of rows) {
    const context = contextOf(row);
    const plain = opened(keyring, row.sealed, context);
    if (plain === undefined) counts.lost += 1;
    else if (keyring.isStale(row.sealed)) {
      await store(row, keyring.seal(plain, context));
      counts.resealed += 1;
    }
  }
  return counts;
}

function opened(keyring: Pick<Keyring, 'open'>, sealed: Sealed, context: string): string | undefined {
  try {
    return keyring.open(sealed, context);
  } catch {
    return undefined;
  }
}
