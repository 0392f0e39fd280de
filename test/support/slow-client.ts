import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A slow client, which occupies the server. */
export interface SlowClient {
  /** Whether the server has closed the connection. */
  isCut(): boolean;
  /** What the server has sent so far. */
  said(): string;
  hangsUp(): void;
}

/** Sends `head` at once, and then one byte every so many milliseconds, for ever. */
export async function dribbles(port: number, head: string, every: number): Promise<SlowClient> {
  const socket = await opened(port);
  let cut = false;
  let said = '';
  socket.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  socket.write(head);
  const more = setInterval(() => socket.write('x'), every);
  socket.once('close', () => {
    clearInterval(more);
    cut = true;
  });
  return { isCut: () => cut, said: () => said, hangsUp: () => socket.destroy() };
}

/** Requests the same page this many times on one connection, and reads no response. */
export async function readsNothing(port: number, path: string, times: number): Promise<Socket> {
  const socket = await opened(port);
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(times));
  return socket;
}

async function opened(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** The beginning of a request whose headers continue. */
export const HEADERS_TO_COME = 'GET /sign-in HTTP/1.1\r\nHost: localhost\r\nX-Slow: ';

/** A request with a body of 30,000 bytes. */
export const BODY_TO_COME =
  'POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n' +
  'Content-Length: 30000\r\n\r\nemail=';

/** A request to the server at this origin whose last bytes ("=a%40b") have not been sent. */
export async function halfARequest(origin: string): Promise<Socket> {
  const socket = await opened(Number(new URL(origin).port));
  socket.write(
    'POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n',
  );
  socket.write('Content-Length: 11\r\n\r\nemail');
  // The process itself has responded: everything that was sent before this has arrived.
  await fetch(`${origin}/healthz`);
  await delay(100);
  return socket;
}
