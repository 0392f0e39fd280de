import type { Authenticator, Authenticators } from './authenticator.ts';
import type { Method } from './method.ts';
import type { Methods } from './methods/registry.ts';

interface ResealingServices {
  readonly methods: Methods;
  readonly authenticators: Authenticators;
}

/** Numbers of authenticators by outcome. */
export interface Resealing {
  readonly resealed: number;
  /** Already under the newest key, or removed meanwhile. */
  readonly unchanged: number;
  /** No key opens them: the data was altered, or the key is lost. Their owners need a reset. */
  readonly lost: number;
}

/**
 * Encrypts every authenticator's secret again under the newest key, one at a time. It can be interrupted and repeated, and a
 * server that runs meanwhile reads both.
 */
export async function resealAll({ methods, authenticators }: ResealingServices): Promise<Resealing> {
  const counts = { resealed: 0, unchanged: 0, lost: 0 };
  for (const method of Object.values(methods)) {
    if (!method.reencrypted) continue;
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
    data = method.reencrypted?.(authenticator);
  } catch {
    return 'lost';
  }
  if (data === undefined) return 'unchanged';
  const replaced = await authenticators.replaceData(authenticator.id, authenticator.data, data);
  return replaced ? 'resealed' : 'unchanged';
}
