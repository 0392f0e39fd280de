import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type axeCore from 'axe-core';
import type { Page } from 'playwright-core';
import type { Look } from './look.ts';

declare global {
  var axe: typeof axeCore;
}

/** Loads axe into a page. */
const AXE_IN_PAGE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const TAGS = [
  ...['wcag2a', 'wcag2aa', 'wcag2aaa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa'],
  'best-practice',
];
/** All rules of axe about colours: 4.5:1 at least, and 7:1 (AAA). */
const COLOUR_RULES = ['color-contrast', 'color-contrast-enhanced', 'link-in-text-block'];

/** Every rule of WCAG 2.0 to 2.2, A to AAA, and of best practice. */
export const AXE: Look = {
  title: 'break no rule of axe, from WCAG A to AAA and best practice',
  script: AXE_IN_PAGE,
  find: (page) => violations(page, { type: 'tag', values: TAGS }),
};

/**
 * The same if the markup was already checked in every state, in another window or language: only for the fullest state of each
 * page.
 */
export const AXE_ON_EACH_PAGE: Look = {
  ...AXE,
  title: `${AXE.title}, in the fullest state of each page`,
  on: 'fullest',
};

/** The rules that depend on the colour scheme. */
export const COLOURS: Look = {
  title: 'have a text contrast of 7:1, as axe requires',
  script: AXE_IN_PAGE,
  find: (page) => violations(page, { type: 'rule', values: COLOUR_RULES }),
};

async function violations(page: Page, runOnly: axeCore.RunOnly): Promise<readonly string[]> {
  return page.evaluate(async (only) => {
    const { violations: found } = await axe.run(document, {
      runOnly: only,
      resultTypes: ['violations'],
      selectors: false,
    });
    return found.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} (${failureSummary?.replace(/\s+/g, ' ')})`),
    );
  }, runOnly);
}
