import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below those that systems assign by themselves (RFC 6335 §6; Linux begins at 32768). */
const OWN_PORTS = { from: 20_000, to: 32_000 };

/**
 * A free port of the loopback. It is none of those that the system assigns: while a server restarts, another test's server
 * could take such a port, and respond instead of it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(OWN_PORTS.from, OWN_PORTS.to);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
