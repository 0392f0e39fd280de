import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import path from 'node:path';
import express, { type RequestHandler } from 'express';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { loadAssets } from '../../src/web/assets.ts';
import { type FontWidth, fontConfiguration } from '../support/fonts.ts';
import { requireTool } from '../support/tools.ts';
import type { State } from './states/studio.ts';

const assets = loadAssets(path.join(import.meta.dirname, '../../public')).middleware;

/** Headers of the transport; cookies, because a state belongs to no session any more; and what leads away from the page. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  ...['connection', 'content-encoding', 'content-length', 'date', 'keep-alive', 'transfer-encoding'],
  ...['set-cookie', 'refresh'],
]);

interface Looks {
  readonly fonts?: FontWidth;
  /**
   * False: pages are laid out and have their styles, but no frame is drawn, which takes half of the processor time. There are
   * no pictures then, and `requestAnimationFrame` calls nothing.
   */
  readonly draws?: boolean;
}

/**
 * Starts Debian's headless Chromium: it draws the same pages in a fifth less time. As root on Debian it is installed if it is
 * missing; otherwise the error says what to do. Its fonts are the same on every machine.
 */
export async function launchChromium({ fonts = 'wide', draws = true }: Looks = {}): Promise<Browser> {
  return chromium.launch({
    env: { ...process.env, FONTCONFIG_FILE: fontConfiguration(fonts) },
    executablePath: requireTool('chromium-headless-shell'),
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
      ...(draws ? [] : ['--disable-threaded-compositing']),
      // A page lives for a second: optimising its script costs more than it gains.
      '--js-flags=--no-turbofan,--min-semi-space-size=32',
    ],
  });
}

/**
 * A page of Chromium that shows captured states: its own server responds to each address like the portal did when the state was
 * captured, with its status and its headers, so that refused forms can be checked under the site's own Content-Security-Policy.
 * Stylesheet, script and icon come from the portal's own code for assets. It is a secure context, because it is local.
 */
export class Viewer {
  readonly page: Page;
  /** Requests of pages that are neither theirs nor for an asset. */
  readonly unexpected: string[] = [];
  readonly #server: Server;
  #state: State | undefined;

  static async open(browser: Browser, options: BrowserContextOptions = {}): Promise<Viewer> {
    const context = await browser.newContext(options);
    const viewer = new Viewer(await context.newPage());
    // The open page keeps the process alive; its server need not.
    viewer.#server.listen(0, '127.0.0.1').unref();
    await once(viewer.#server, 'listening');
    return viewer;
  }

  constructor(page: Page) {
    this.page = page;
    this.#server = createServer(express().use(assets, this.#answers()));
  }

  /** Shows a state, once all its resources are loaded. */
  async shows(state: State): Promise<void> {
    this.#state = state;
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The viewer is closed.');
    await this.page.goto(`http://localhost:${address.port}${state.path}`, { waitUntil: 'load' });
  }

  async close(): Promise<void> {
    await this.page.context().close();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answers(): RequestHandler {
    return ({ originalUrl }, response) => {
      const state = this.#state;
      if (state && originalUrl === state.path) {
        return answer(response, state.status, state.headers, Buffer.from(state.html));
      }
      this.unexpected.push(originalUrl);
      response.writeHead(404).end();
    };
  }
}

function answer(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
): void {
  const kept = Object.entries(headers).filter(([name]) => !LEFT_OUT.has(name));
  response.writeHead(status, { ...Object.fromEntries(kept), 'content-length': body.length }).end(body);
}
