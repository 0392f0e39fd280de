import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** The cookies of a browser for one site: by name, the newest value. */
export class Cookies {
  readonly #values = new Map<string, string>();

  keep(headers: IncomingHttpHeaders): void {
    for (const line of headers['set-cookie'] ?? []) {
      const [, name, value] = /^([^=;]+)=([^;]*)/.exec(line) ?? [];
      if (name !== undefined && value !== undefined) this.#values.set(name, value);
    }
  }

  get header(): string {
    return [...this.#values].map((pair) => pair.join('=')).join('; ');
  }
}

export type Fields = Readonly<Record<string, string>>;

/** Sends requests over persistent connections, without compression, so that the time is the server's. */
export class Client {
  readonly #port: number;
  readonly #agent: Agent;

  constructor(port: number, connections: number) {
    this.#port = port;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  get(path: string, cookies?: Cookies, headers: Fields = {}): Promise<Answer> {
    return this.#ask('GET', path, cookies, undefined, headers);
  }

  post(path: string, fields: Fields, cookies?: Cookies): Promise<Answer> {
    return this.#ask('POST', path, cookies, new URLSearchParams(fields).toString());
  }

  close(): void {
    this.#agent.destroy();
  }

  #ask(method: string, path: string, cookies?: Cookies, body?: string, more: Fields = {}): Promise<Answer> {
    const cookie = cookies?.header;
    const headers = {
      ...more,
      ...(cookie && { cookie }),
      ...(body !== undefined && {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': Buffer.byteLength(body),
      }),
    };
    return new Promise((resolve, reject) => {
      const to = { host: '127.0.0.1', port: this.#port, agent: this.#agent, method, path, headers };
      const sent = request(to, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          cookies?.keep(response.headers);
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      });
      sent.setTimeout(30_000, () =>
        sent.destroy(new Error(`${method} ${path}: no answer within 30 seconds`)),
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }
}
