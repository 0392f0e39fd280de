import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SignedFormat } from '../../src/apps/signed-hand-over.ts';
import { type Desk, type DeskAnswer, type DeskUser, FAKES } from './fake-desk-formats.ts';

/**
 * An app that accepts signed hand-overs: it listens on a port of this machine, verifies what it gets by its own code, made from the
 * public documentation of the real one, and shows who is signed in.
 */
export class FakeHelpDesk implements Desk {
  readonly format: SignedFormat;
  readonly nonces = new Map<string, string>();
  readonly usedIds = new Set<string>();
  /** Everybody who was signed in, in order. */
  readonly users: DeskUser[] = [];
  readonly #server: Server;
  readonly #sessions = new Map<string, DeskUser>();
  secret = '';
  signInUrl = '';
  /** Counts its pages, without redirects. */
  pagesServed = 0;
  now: () => number;

  private constructor(format: SignedFormat, now: () => number) {
    this.format = format;
    this.now = now;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async open(format: SignedFormat, now: () => number = Date.now): Promise<FakeHelpDesk> {
    const desk = new FakeHelpDesk(format, now);
    desk.#server.listen(0, '127.0.0.1').unref();
    await once(desk.#server, 'listening');
    return desk;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Where it takes a hand-over. */
  get destination(): string {
    return `${this.origin}${FAKES[this.format].destination}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.origin);
    if (url.pathname === '/favicon.ico') return void response.writeHead(204).end();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const [, session = ''] = /desk=([\w-]+)/.exec(request.headers.cookie ?? '') ?? [];
    const asked = { method: request.method ?? 'GET', url, form, browser: session };
    const answer = (await FAKES[this.format].answer(this, asked)) ?? this.#page(url, session);
    this.#send(response, answer, session);
  }

  #send(response: ServerResponse, answer: DeskAnswer, session: string): void {
    const id = session === '' ? `s${this.users.length}-${Math.random().toString(36).slice(2)}` : session;
    response.setHeader('Set-Cookie', `desk=${answer.browser ?? id}; Path=/; HttpOnly`);
    if (answer.user) {
      this.users.push(answer.user);
      this.#sessions.set(answer.browser ?? id, answer.user);
    }
    if (answer.goTo !== undefined) {
      response.writeHead(302, { Location: answer.goTo }).end();
      return;
    }
    response.once('finish', () => {
      this.pagesServed += 1;
    });
    const title = `<title>Desk</title><h1>Desk</h1>`;
    // Lynx shows its own copy of a page that does not forbid that.
    response.setHeader('Cache-Control', 'no-store, no-cache');
    response.writeHead(answer.status ?? 200, { 'Content-Type': 'text/html; charset=utf-8' });
    response.end(`<!DOCTYPE html><html lang="en">${title}<p>${answer.text ?? ''}</p></html>`);
  }

  #page(url: URL, session: string): DeskAnswer {
    const user = this.#sessions.get(session);
    if (!user) return { goTo: FAKES[this.format].start(this, `${url.pathname}${url.search}`) };
    return { text: `Signed in: ${user.name ?? ''} ${user.email} ${user.id ?? ''} at ${url.pathname}` };
  }
}
