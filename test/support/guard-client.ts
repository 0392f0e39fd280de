import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  request,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';

export interface GuardAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Cookies that the response sets; "" for one that it deletes. */
  readonly setCookies: ReadonlyMap<string, string>;
  /** The Set-Cookie headers as they were sent. */
  readonly cookieLines: readonly string[];
  readonly text: string;
}

/** Headers; an array is sent as several headers with one name. */
export type SentHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Speaks to a site like the proxy of an app, over a real server. */
export class GuardClient {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(site: RequestListener): Promise<GuardClient> {
    const server = createServer(site).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new GuardClient(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  /** A check as nginx sends it, about a page of an app. `headers`: what the visitor sends, and what replaces the proxy's own. */
  authRequest(url: string, headers: SentHeaders = {}): Promise<GuardAnswer> {
    return this.ask('/guard/auth-request', { 'X-Original-URL': url, 'X-Original-Method': 'GET', ...headers });
  }

  /** A check as Caddy and Traefik send it. */
  forwardAuth(url: string, headers: SentHeaders = {}): Promise<GuardAnswer> {
    const [, proto = '', host = '', uri = ''] = /^(\w+):\/\/([^/]*)(.*)$/.exec(url) ?? [];
    return this.ask('/guard/forward-auth', {
      'X-Forwarded-Method': 'GET',
      'X-Forwarded-Proto': proto,
      'X-Forwarded-Host': host,
      'X-Forwarded-Uri': uri,
      ...headers,
    });
  }

  /** A request to `/.postern/…` that the app's proxy passes on. */
  passedOn(url: string, headers: SentHeaders = {}, method = 'GET'): Promise<GuardAnswer> {
    const [, proto = '', host = '', path = ''] = /^(\w+):\/\/([^/]*)(.*)$/.exec(url) ?? [];
    const own = { 'X-Forwarded-Proto': proto, 'X-Forwarded-Host': host };
    return this.ask(path, { ...own, ...headers }, method);
  }

  ask(path: string, headers: SentHeaders = {}, method = 'GET'): Promise<GuardAnswer> {
    const sent = Object.fromEntries(
      Object.entries(headers).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, typeof value === 'string' ? value : [...value]]],
      ),
    );
    return new Promise((resolve, reject) => {
      const to = { host: '127.0.0.1', port: this.port, path, method, headers: sent };
      const asked = request(to, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const cookieLines = answer.headers['set-cookie'] ?? [];
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            cookieLines,
            setCookies: new Map(cookieLines.map(nameAndValue)),
            text: Buffer.concat(chunks).toString(),
          });
        });
      });
      asked.on('error', reject);
      asked.end();
    });
  }
}

function nameAndValue(line: string): [name: string, value: string] {
  const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
  return [name, /; Expires=Thu, 01 Jan 1970 /.test(line) ? '' : value];
}

/** The cookies of one app's host in a browser. */
export class HostCookies {
  readonly values = new Map<string, string>();

  keep({ setCookies }: GuardAnswer): void {
    for (const [name, value] of setCookies) {
      if (value === '') this.values.delete(name);
      else this.values.set(name, value);
    }
  }

  /** The Cookie header; undefined without cookies. */
  get header(): string | undefined {
    return this.values.size > 0
      ? [...this.values].map(([name, value]) => `${name}=${value}`).join('; ')
      : undefined;
  }
}
