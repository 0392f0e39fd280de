import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './free-port.ts';

/** A proxy between the portal and a server, so that a test can cut the server off and bring it back. */
export interface Gateway {
  /** The server's URL through the gateway. */
  readonly url: string;
  /** Every connection breaks, and new ones are refused: the server is down. */
  cut(): Promise<void>;
  /** Connections stay and are accepted, but nothing gets through any more: the server hangs. */
  freeze(): void;
  /**
   * Lets this many more messages from the portal through; at the next one every connection breaks, and new ones are accepted.
   * Returns whether this has happened.
   */
  breakAfter(messages: number): () => boolean;
  /** As at the start: everything gets through. */
  open(): Promise<void>;
}

/** Opens a gateway to the server of this URL, on its own loopback port. `cut` it at the end. */
export async function gateway(url: string): Promise<Gateway> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let frozen = false;
  let left = Number.POSITIVE_INFINITY;
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => to.destroy());
      from.on('data', (chunk) => {
        if (from === near && left-- === 0) return breakAll();
        to.write(chunk);
      });
      if (frozen) from.pause();
    }
  });
  const port = await freePort();
  await listen(server, port);
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String(port);
  return {
    url: through.href,
    cut: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      breakAll();
      await closed;
    },
    freeze: () => {
      frozen = true;
      for (const socket of sockets) socket.pause();
    },
    breakAfter: (messages) => {
      left = messages;
      return () => left < 0;
    },
    open: async () => {
      frozen = false;
      left = Number.POSITIVE_INFINITY;
      for (const socket of sockets) socket.resume();
      if (!server.listening) await listen(server, port);
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}
