import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { findControl, submissionBy } from '../support/controls.ts';
import { fillIn } from '../support/filling-in.ts';
import { Page } from '../support/page.ts';
import { encoded } from '../support/sending.ts';
import type { Authority } from './authority.ts';
import type { Network } from './network.ts';

/** A request as it goes over the wire; an array is sent as several headers of one name. */
export interface Wish {
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

const MOST_REDIRECTS = 12;

/**
 * Somebody who goes from site to site by https, checks certificates, and keeps the cookies of each host. There is no script. Cookies
 * that a browser would refuse (`__Host-` without Secure or Path, or with a Domain; RFC 6265bis §5.6) are an error.
 */
export class Visitor {
  readonly cookies = new Map<string, Map<string, string>>();
  readonly #network: Network;
  readonly #root: string;
  readonly #language: string;
  #page: Page | undefined;
  #url = new URL('about:blank');

  constructor({ network, authority }: { network: Network; authority: Authority }, language = 'en') {
    this.#network = network;
    this.#root = readFileSync(authority.root, 'utf8');
    this.#language = language;
  }

  get page(): Page {
    if (!this.#page) throw new Error('No page is open yet.');
    return this.#page;
  }

  /** The address of the page that is open. */
  get url(): string {
    return this.#url.href;
  }

  /** Opens a page and follows redirects. */
  async visits(url: string): Promise<Page> {
    return this.#opens({ url });
  }

  fillsIn(label: string, text: string): void {
    fillIn(findControl(this.page.$, label), text);
  }

  async presses(button: string): Promise<Page> {
    const { method, action, fields } = submissionBy(this.page.$, button);
    const url = new URL(action, this.#url);
    if (method === 'GET') return this.visits(`${url.origin}${url.pathname}?${encoded(fields)}`);
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', Origin: this.#url.origin };
    return this.#opens({ method, url: url.href, headers, body: encoded(fields) });
  }

  async #opens(wish: Wish): Promise<Page> {
    let [page, url] = [await this.sends(wish), new URL(wish.url)];
    for (let followed = 0; page.status >= 301 && page.status <= 303; followed += 1) {
      if (followed === MOST_REDIRECTS) throw new Error(`Too many redirects, the last one to ${url.href}`);
      url = new URL(page.headers['location'] ?? '', url);
      page = await this.sends({ url: url.href });
    }
    this.#page = page;
    this.#url = url;
    return page;
  }

  /** Sends one request with the cookies of its host, keeps those of the answer, and follows no redirect. */
  async sends({ method = 'GET', url, headers = {}, body = '' }: Wish): Promise<Page> {
    const { host, path } = partsOf(url);
    const length = body === '' ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const sent = request({
      ...this.#way(host),
      method,
      path,
      headers: this.#headers(host, { ...length, ...headers }),
    });
    sent.end(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    const received = Object.fromEntries(
      Object.entries(answer.headers).map(([name, value]) => [name, String(value)]),
    );
    const setCookies = this.#keeps(host, answer.headers['set-cookie'] ?? []);
    return new Page({
      method,
      path,
      status: answer.statusCode ?? 0,
      headers: received,
      setCookies,
      body: Buffer.concat(chunks),
    });
  }

  /** Asks for a WebSocket; the status of the answer, which is 101 where it is opened. */
  async opensWebSocket(url: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
    const { host, path } = partsOf(url);
    const sent = request({
      ...this.#way(host),
      path,
      headers: this.#headers(host, {
        ...{ Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13' },
        ...{ 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', Origin: `https://${host}` },
        ...headers,
      }),
    });
    sent.end();
    const answered = Promise.race([once(sent, 'response'), once(sent, 'upgrade')]);
    const [answer] = (await answered) as [IncomingMessage];
    answer.destroy();
    sent.destroy();
    return answer.statusCode ?? 0;
  }

  #way(host: string) {
    return {
      host: '127.0.0.1',
      port: this.#network.portOf(host),
      servername: host,
      ca: this.#root,
      agent: false,
    };
  }

  #headers(host: string, headers: NonNullable<Wish['headers']>): Record<string, string | string[]> {
    const cookies = [...(this.cookies.get(host) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
    const own = {
      Host: host,
      Accept: 'text/html',
      'Accept-Language': this.#language,
      ...(cookies !== '' && { Cookie: cookies }),
      ...headers,
    };
    return Object.fromEntries(
      Object.entries(own).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
    );
  }

  #keeps(host: string, lines: readonly string[]): Map<string, string> {
    const jar = this.cookies.get(host) ?? new Map<string, string>();
    this.cookies.set(host, jar);
    const kept = new Map<string, string>();
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      const isBound =
        /;\s*secure/i.test(line) && /;\s*path=\/(;|$)/i.test(line) && !/;\s*domain=/i.test(line);
      if (name.startsWith('__Host-') && !isBound) throw new Error(`No browser takes this cookie: ${line}`);
      const isOver = value === '' || /;\s*(expires=Thu, 01 Jan 1970|max-age=0)/i.test(line);
      if (isOver) jar.delete(name);
      else jar.set(name, value);
      kept.set(name, isOver ? '' : value);
    }
    return kept;
  }
}

/** Path and query as they are written: `URL` would tidy them up. */
function partsOf(url: string): { readonly host: string; readonly path: string } {
  const [, host = '', path = ''] = /^https:\/\/([^/?#]+)([^#]*)/.exec(url) ?? [];
  return { host, path: path === '' ? '/' : path };
}
