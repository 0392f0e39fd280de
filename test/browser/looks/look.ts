import type { Page } from 'playwright-core';
import type { State } from '../states/studio.ts';

/** One thing that every page is looked at for. */
export interface Look {
  /** The title of the test: what holds on every page. */
  readonly title: string;
  /** What is wrong on the page that is open; nothing when all is well. It leaves the page as it found it. */
  readonly find: (page: Page, state: State) => Promise<readonly string[]>;
  /** "fullest": on one or two states of each page alone, those with the longest markup. */
  readonly on?: 'fullest';
  /** A script that has to be in the page. */
  readonly script?: string;
}

/** How a page is shown while some looks are taken at it. */
export interface Setting {
  /** Goes on the title of each test: "in the dark". */
  readonly words: string;
  readonly viewport: { readonly width: number; readonly height: number };
  readonly media?: NonNullable<Parameters<Page['emulateMedia']>[0]>;
  readonly looks: readonly Look[];
  /** On as few states as have every kind of element: enough for what depends on nothing but the stylesheet. */
  readonly on?: 'every kind of element';
}
