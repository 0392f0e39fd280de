import type { RequestHandler } from 'express';
import { PARTS, type Part, type Ping, type Services } from '../services.ts';

const PATIENCE = 2000;

/** The names of the parts that cannot be reached now. */
export async function missingParts({ parts }: Pick<Services, 'parts'>): Promise<Part[]> {
  const checked = await Promise.all(
    PARTS.map(async (name) => ((await answers(parts[name])) ? undefined : name)),
  );
  return checked.filter((name) => name !== undefined);
}

/** `/healthz`: the process is alive. */
export const alive: RequestHandler = (_request, response) => {
  response.set('Cache-Control', 'no-store').json({ status: 'ok' });
};

/** `/readyz`: the parts it stands on can be reached; 503 names the ones that cannot. */
export function ready(services: Pick<Services, 'parts'>): RequestHandler {
  return async (_request, response) => {
    const missing = await missingParts(services);
    response.set('Cache-Control', 'no-store');
    if (missing.length === 0) response.json({ status: 'ok' });
    else response.status(503).json({ status: 'unavailable', missing });
  };
}

async function answers(ping: Ping): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PATIENCE);
  });
  const reached = ping().then(
    () => true,
    () => false,
  );
  return Promise.race([reached, late]).finally(() => clearTimeout(timer));
}
