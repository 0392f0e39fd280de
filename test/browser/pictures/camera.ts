import type { Browser, CDPSession } from 'playwright-core';
import type { State } from '../states/studio.ts';
import { Viewer } from '../viewer.ts';
import { paletteOf } from './palette-png.ts';

/** How states are displayed. */
export interface Look {
  /** CSS pixels. */
  readonly width: number;
  /** The picture's pixels per CSS pixel; 0.5 halves it. */
  readonly scale: number;
  readonly dark?: boolean;
  /** 16 at most. */
  readonly colours: number;
  /** CSS pixels; a longer page is cut off there. */
  readonly tallest: number;
}

/** Takes small pictures of captured states. */
export class Camera {
  readonly #viewer: Viewer;
  readonly #session: CDPSession;
  readonly #look: Look;

  static async open(browser: Browser, look: Look): Promise<Camera> {
    const viewer = await Viewer.open(browser, {
      viewport: { width: look.width, height: 480 },
      colorScheme: look.dark ? 'dark' : 'light',
      reducedMotion: 'reduce',
      // A countdown would be different in each picture.
      javaScriptEnabled: false,
    });
    return new Camera(viewer, await viewer.page.context().newCDPSession(viewer.page), look);
  }

  constructor(viewer: Viewer, session: CDPSession, look: Look) {
    this.#viewer = viewer;
    this.#session = session;
    this.#look = look;
  }

  /** The page from its top; with `part`, a CSS selector, only that element. */
  async takes(state: State, part = 'html'): Promise<Buffer> {
    const { scale, colours, tallest } = this.#look;
    await this.#viewer.shows(state);
    // The page may have scrolled to the focused element.
    await this.#viewer.page.evaluate(() => window.scrollTo(0, 0));
    const box = await this.#viewer.page.locator(part).first().boundingBox();
    if (!box) throw new Error(`There is no ${part} on ${state.name}.`);
    const { data } = await this.#session.send('Page.captureScreenshot', {
      format: 'png',
      clip: { ...box, height: Math.min(box.height, tallest), scale },
      captureBeyondViewport: true,
    });
    return paletteOf(Buffer.from(data, 'base64'), colours);
  }

  async close(): Promise<void> {
    await this.#viewer.close();
  }
}
