import type { Page } from 'playwright-core';
import type { State } from '../states/studio.ts';

/** One check for every page. */
export interface Look {
  /** The title of the test: what is true on every page. */
  readonly title: string;
  /** The faults of the open page; empty if there are none. It leaves the page unchanged. */
  readonly find: (page: Page, state: State) => Promise<readonly string[]>;
  /** "fullest": only for one or two states of each page, those with the longest markup. */
  readonly on?: 'fullest';
  /** A script that the page needs. */
  readonly script?: string;
}

/** The settings of the page during some checks. */
export interface Setting {
  /** Added to the title of each test: "in dark mode". */
  readonly words: string;
  readonly viewport: { readonly width: number; readonly height: number };
  readonly media?: NonNullable<Parameters<Page['emulateMedia']>[0]>;
  readonly looks: readonly Look[];
  /** On as few states as contain every kind of element: enough for what depends only on the stylesheet. */
  readonly on?: 'every kind of element';
}
