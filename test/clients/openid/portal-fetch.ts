import type { Surroundings } from '../chain.ts';
import { Visitor } from '../visitor.ts';

/** A `fetch` for libraries in this process: it finds the portal by its public name, and checks its certificate. */
export function portalFetch(surroundings: Pick<Surroundings, 'network' | 'authority'>): typeof fetch {
  return async (input, init = {}) => {
    const url = input instanceof Request ? input.url : String(input);
    const { method = 'GET', headers, body } = init;
    const {
      status,
      headers: received,
      body: answer,
    } = await new Visitor(surroundings).sends({
      method,
      url,
      headers: Object.fromEntries(new Headers(headers)),
      ...(body != null && { body: String(body) }),
    });
    return new Response(new Uint8Array(answer), { status, headers: received });
  };
}
