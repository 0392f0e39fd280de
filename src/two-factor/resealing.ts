import type { Authenticator, Authenticators } from './authenticator.ts';
import type { Method } from './method.ts';
import type { Methods } from './methods/registry.ts';

interface ResealingServices {
  readonly methods: Methods;
  readonly authenticators: Authenticators;
}

/** How many authenticators' secrets were met, by what became of them. */
export interface Resealing {
  readonly resealed: number;
  /** They were under the newest key already, or went away meanwhile. */
  readonly unchanged: number;
  /** They open with no key that there is: altered, or their secret is lost. Their owners need a reset. */
  readonly lost: number;
}

/**
 * Seals every authenticator's secret anew under the newest key, each by itself: broken off and begun again it goes on
 * where it was, and a server that runs meanwhile reads either.
 */
export async function resealAll({ methods, authenticators }: ResealingServices): Promise<Resealing> {
  const counts = { resealed: 0, unchanged: 0, lost: 0 };
  for (const method of Object.values(methods).filter(({ resealed }) => resealed)) {
    for await (const authenticator of authenticators.eachOf(method.id)) {
      counts[await reseal(method, authenticator, authenticators)] += 1;
    }
  }
  return counts;
}

async function reseal(
  method: Method,
  authenticator: Authenticator,
  authenticators: Authenticators,
): Promise<keyof Resealing> {
  let data: unknown;
  try {
    data = method.resealed?.(authenticator);
  } catch {
    return 'lost';
  }
  if (data === undefined) return 'unchanged';
  const replaced = await authenticators.replaceData(authenticator.id, authenticator.data, data);
  return replaced ? 'resealed' : 'unchanged';
}
