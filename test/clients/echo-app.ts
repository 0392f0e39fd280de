import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A request that has reached the app. */
export interface Heard {
  readonly method: string;
  readonly url: string;
  /** In the order and the spelling of the wire: name, value, name, value. As bytes, one character each. */
  readonly rawHeaders: readonly string[];
}

/** An app that shows who it was told that somebody is, and notes every request that reaches it. */
export class EchoApp {
  readonly heard: Heard[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#notes(request);
      const { 'remote-user': user = '', 'remote-name': name = '' } = request.headers;
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.end(
        `<!doctype html><html lang="en"><title>Wiki</title><h1>Wiki</h1><p>Path ${escaped(request.url ?? '')}</p>
        <p>User ${escaped(text(user))}</p><p>Name ${escaped(text(name))}</p>
        <p><a href="/.postern/sign-out">Leave</a></p></html>`,
      );
    });
    this.#server.on('upgrade', (request, socket) => {
      this.#notes(request);
      const key = request.headers['sec-websocket-key'] ?? '';
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  static async open(): Promise<EchoApp> {
    const app = new EchoApp();
    app.#server.listen(0, '127.0.0.1');
    await once(app.#server, 'listening');
    return app;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** All values of a header of the last request, in any spelling with "-" or "_". */
  lastTold(header: string): string[] {
    const { rawHeaders = [] } = this.heard.at(-1) ?? {};
    return rawHeaders.flatMap((name, index) =>
      index % 2 === 0 && name.toLowerCase().replaceAll('_', '-') === header
        ? [text(rawHeaders[index + 1] ?? '')]
        : [],
    );
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #notes({ method = '', url = '', rawHeaders }: IncomingMessage): void {
    this.heard.push({ method, url, rawHeaders });
  }
}

/** Node reads headers as Latin-1; these are UTF-8. */
function text(header: string | readonly string[]): string {
  return Buffer.from(String(header), 'latin1').toString('utf8');
}

function escaped(shown: string): string {
  return shown.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
