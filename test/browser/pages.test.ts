import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import type { FontWidth } from '../support/fonts.ts';
import { AXE, AXE_ON_EACH_PAGE, COLOURS } from './looks/axe.ts';
import { FOCUS, TAB_ORDER } from './looks/focus.ts';
import { REFLOW, TARGETS, TEXT_SPACING } from './looks/layout.ts';
import type { Setting } from './looks/look.ts';
import { BORDERS, EDGES, STILL } from './looks/schemes.ts';
import { kindsIn, rulesByNeighbours, statesWithEveryElement, unseenAttributesIn } from './new-elements.ts';
import { allStates } from './states/all.ts';
import type { State } from './states/studio.ts';
import { type Findings, survey } from './survey.ts';
import { launchChromium } from './viewer.ts';

const WIDE = { width: 1280, height: 1024 };
/** What remains of 1280 by 1024 pixels at 400 %, too (WCAG 1.4.10). */
const NARROW = { width: 320, height: 256 };

const LAYOUT = [TARGETS, REFLOW, TEXT_SPACING];

const ENGLISH: readonly Setting[] = [
  { words: 'in a wide window', viewport: WIDE, looks: [AXE, ...LAYOUT, EDGES, STILL, TAB_ORDER, FOCUS] },
  {
    words: 'in dark mode, every kind of element',
    on: 'every kind of element',
    viewport: WIDE,
    media: { colorScheme: 'dark' },
    looks: [COLOURS, EDGES, FOCUS],
  },
  {
    words: 'in forced colours, every kind of element',
    on: 'every kind of element',
    viewport: WIDE,
    media: { forcedColors: 'active' },
    looks: [COLOURS, BORDERS, FOCUS],
  },
  { words: 'at 320 pixels', viewport: NARROW, looks: [AXE_ON_EACH_PAGE, ...LAYOUT, FOCUS] },
];

const ARABIC: readonly Setting[] = [
  { words: 'from right to left', viewport: WIDE, looks: [AXE_ON_EACH_PAGE, ...LAYOUT] },
  { words: 'from right to left at 320 pixels', viewport: NARROW, looks: LAYOUT },
];

/** Words wrap elsewhere: shows what depends on the fonts of the machine, or of the person's. */
const NARROW_FONTS: readonly Setting[] = [
  { words: 'in narrow fonts', viewport: WIDE, looks: LAYOUT },
  { words: 'in narrow fonts at 320 pixels', viewport: NARROW, looks: LAYOUT },
];

/** Every page in every state, in one language. */
function pagesIn(language: string, settings: readonly Setting[], fonts: FontWidth = 'wide'): void {
  describe(`All pages in all states, in "${language}" and ${fonts} fonts`, () => {
    let browser: Browser;
    let findings: Findings;

    before(async function () {
      this.timeout(900_000);
      browser = await launchChromium({ fonts, draws: false });
      findings = await survey(browser, (await allStates({ language })).states, settings);
    });
    after(() => browser?.close());

    for (const setting of settings) {
      for (const look of setting.looks) {
        it(`${setting.words}: ${look.title}`, () => {
          const found = findings.get(setting)?.get(look);
          assert.ok(found, 'The look was not taken.');
          if (found.length > 0) assert.fail([`${found.length} findings`, ...found.slice(0, 30)].join('\n'));
        });
      }
    }
  });
}

describe('The stylesheet', () => {
  // Lines beside a text, which no check covers: any other rule would need another scheme's checks in every state.
  const LINES = ['.menu-panel li:last-child', '.disclosure > summary ~ *'];

  const css = readFileSync(path.join(import.meta.dirname, '../../public/style.css'), 'utf8');

  it('sets no colours, borders or outlines by an element’s neighbours', () => {
    assert.deepEqual(rulesByNeighbours(css), LINES);
    const rules = 'a + p, b { margin: 0 } h1 ~ p { color: red } p:empty { margin: 0; border: 0 }';
    assert.deepEqual(rulesByNeighbours(rules), ['h1 ~ p', 'p:empty']);
  });

  it('depends on no attribute or value by which two elements of one kind can differ', () => {
    assert.deepEqual(unseenAttributesIn(css), []);
    const rules = 'a[href^="/x"] { margin: 0 } b[lang] { margin: 0 } input:placeholder-shown { margin: 0 }';
    assert.deepEqual(unseenAttributesIn(rules), ['href', ':placeholder-shown']);
  });

  it('has few kinds of elements, and a few states have them all', async () => {
    const { states } = await allStates();
    const chosen = statesWithEveryElement(states);
    const kindsOf = (some: Iterable<State>) => new Set([...some].flatMap((state) => [...kindsIn(state)]));
    assert.deepEqual(kindsOf(chosen), kindsOf(states));
    assert.ok(chosen.size < states.length, `${chosen.size} of ${states.length} states`);
  });
});

pagesIn('en', ENGLISH);
pagesIn('en', NARROW_FONTS, 'narrow');
pagesIn('ar', ARABIC);
