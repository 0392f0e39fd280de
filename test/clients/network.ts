import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Authority } from './authority.ts';

/**
 * Says where public names are: a proxy that connects `wiki.example.org:443` to a port of this machine (CONNECT, RFC 9110 §9.3.6).
 * Chromium and Lynx use it, so that neither /etc/hosts nor port 443 is needed. No name but these leads anywhere.
 */
export class Network {
  readonly #server: Server;
  readonly #ports = new Map<string, number>();
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((_request, response) => void response.writeHead(403).end());
    this.#server.on('connect', ({ url = '' }, near: Socket) => this.#joins(url, near));
  }

  static async open(): Promise<Network> {
    const network = new Network();
    network.#server.listen(0, '127.0.0.1');
    await once(network.#server, 'listening');
    return network;
  }

  /** For browsers, and for apps that ask the portal by its public name. */
  get proxyUrl(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The network is closed.');
    return `http://127.0.0.1:${address.port}`;
  }

  /** From now on this name is that port of the loopback. */
  leads(host: string, port: number): void {
    this.#ports.set(host, port);
  }

  /** For programs that ask others by their public names: Node, curl, Python, Ruby and Perl know these variables. */
  environment({ root }: Pick<Authority, 'root'>): Readonly<Record<string, string>> {
    return {
      https_proxy: this.proxyUrl,
      HTTPS_PROXY: this.proxyUrl,
      NODE_USE_ENV_PROXY: '1',
      NODE_EXTRA_CA_CERTS: root,
      SSL_CERT_FILE: root,
      REQUESTS_CA_BUNDLE: root,
      PERL_LWP_SSL_CA_FILE: root,
    };
  }

  portOf(host: string): number {
    const port = this.#ports.get(host);
    if (port === undefined) throw new Error(`${host} is nowhere.`);
    return port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #joins(target: string, near: Socket): void {
    const [host = '', given] = target.split(':');
    const port = given === '443' ? this.#ports.get(host) : undefined;
    if (port === undefined) return void near.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    const far = connect(port, '127.0.0.1', () => near.write('HTTP/1.1 200 OK\r\n\r\n'));
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    near.pipe(far).pipe(near);
  }
}
