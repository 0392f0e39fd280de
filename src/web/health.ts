import type { RequestHandler } from 'express';
import { DEPENDENCIES, type Dependency, type Ping, type Pings } from '../kernel/dependencies.ts';
import { withTimeout } from '../kernel/with-timeout.ts';

const PATIENCE = 2000;

/** The dependencies that are down now. */
export async function missingParts({ parts }: { readonly parts: Pings }): Promise<Dependency[]> {
  const checked = await Promise.all(
    DEPENDENCIES.map(async (name) => ((await answers(parts[name])) ? undefined : name)),
  );
  return checked.filter((name) => name !== undefined);
}

/** `/healthz`: the process is alive. */
export const alive: RequestHandler = (_request, response) => {
  response.set('Cache-Control', 'no-store').json({ status: 'ok' });
};

/** `/readyz`: 200 if all dependencies answer; 503 names those that do not. */
export function ready(services: { readonly parts: Pings }): RequestHandler {
  return async (_request, response) => {
    const missing = await missingParts(services);
    response.set('Cache-Control', 'no-store');
    if (missing.length === 0) response.json({ status: 'ok' });
    else response.status(503).json({ status: 'unavailable', missing });
  };
}

function answers(ping: Ping): Promise<boolean> {
  const reached = ping().then(
    () => true,
    () => false,
  );
  return withTimeout(reached, PATIENCE, () => false);
}
