import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { spawnLogged, started } from '../../deploy/proxies.ts';
import { freePort } from '../../support/free-port.ts';
import type { Apps, Surroundings } from '../chain.ts';
import { WIKI, WIKI_HOST } from '../names.ts';
import { type Credentials, ISSUER } from './open-id-app.ts';

/** Starts a program in another language as the wiki; it gets its settings and ways to the portal by its environment. */
export async function startsApp(
  { folder, network, authority }: Surroundings,
  { clientId, clientSecret }: Credentials,
  [program = '', ...options]: readonly string[],
): Promise<Apps> {
  const own = join(folder, 'wiki');
  mkdirSync(own, { recursive: true });
  const port = await freePort();
  const environment = {
    ...network.environment(authority),
    PORT: String(port),
    ISSUER,
    CLIENT_ID: clientId,
    CLIENT_SECRET: clientSecret,
    WIKI: WIKI,
    LANG: 'C.UTF-8',
  };
  const close = await started(spawnLogged(program, options, own, environment), port);
  return { apps: [{ host: WIKI_HOST, address: `127.0.0.1:${port}` }], close };
}
