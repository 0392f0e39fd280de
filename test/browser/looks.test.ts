import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { AXE, COLOURS } from './looks/axe.ts';
import { FOCUS, TAB_ORDER } from './looks/focus.ts';
import { REFLOW, TARGETS, TEXT_SPACING } from './looks/layout.ts';
import type { Look, Setting } from './looks/look.ts';
import { BORDERS, EDGES, STILL } from './looks/schemes.ts';
import type { State } from './states/studio.ts';
import { survey } from './survey.ts';
import { launchChromium } from './viewer.ts';

const NARROW = { width: 320, height: 256 };

/** A page with one fault for each check, and the expected finding. */
const FAULTS: readonly (readonly [Look, body: string, finding: RegExp, media?: Setting['media']])[] = [
  [AXE, '<input>', /^a page: label: <input>/],
  [COLOURS, '<p style="color: #666">Pale</p>', /color-contrast-enhanced: <p style="color: #666">/],
  [
    COLOURS,
    '<style>@media (prefers-color-scheme: dark) { body { background: #000 } }</style><p style="color: #333">Gone</p>',
    /color-contrast: <p style="color: #333">/,
    { colorScheme: 'dark' },
  ],
  [TARGETS, '<p><a href="/">Alone</a></p>', /a "Alone" is \d+ by \d+/],
  [TARGETS, '<p>Go <a href="/" style="display: inline-block">home</a>.</p>', /a "home" is \d+ by \d+/],
  [REFLOW, '<p style="inline-size: 30rem">Wide</p>', /the page is 4\d\d wide, of 320/],
  [
    REFLOW,
    '<pre style="overflow: auto">A long line that scrolls on its own within the page</pre>',
    /pre ".*" does not fit/,
  ],
  [
    TEXT_SPACING,
    '<div style="font-family: monospace; inline-size: 31ch; block-size: 1lh; overflow: hidden">One line that becomes two lines</div>',
    /div ".*" is cut off/,
  ],
  [
    TEXT_SPACING,
    '<button class="button" style="inline-size: 3rem; padding: 0; white-space: nowrap">Press here</button>',
    /spills over/,
  ],
  [EDGES, '<input style="border: 1px solid #ddd; background: #fff">', /input "" has an edge of 1\.\d:1/],
  [
    BORDERS,
    '<a class="button" href="/" style="background: #000">Go</a>',
    /a\.button "Go": none 0px/,
    { forcedColors: 'active' },
  ],
  [STILL, '<p style="transition: opacity 1s">Slow</p>', /p "Slow" moves/],
  [FOCUS, '<button style="outline: none">Where?</button>', /button "Where\?": none/],
  [FOCUS, '<button style="outline: 3px solid #eee">Faint</button>', /button "Faint": solid 3px, 1\.\d:1/],
  [
    FOCUS,
    '<button style="outline: 3px solid">Under</button><div style="position: fixed; inset: 0; background: #fff8"></div>',
    /something covers button "Under"/,
  ],
  [
    TAB_ORDER,
    '<button tabindex="2">Second</button><button tabindex="1">First</button>',
    /instead of button "First"/,
  ],
  [TAB_ORDER, '<button tabindex="-1">Never</button>', /Tab 1 came by nothing instead of button "Never"/],
];

describe('A check of a page', () => {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium({ draws: false });
  });
  after(() => browser?.close());

  for (const [look, body, finding, media] of FAULTS) {
    it(`finds what is wrong with ${body}`, async () => {
      const setting = { words: '', viewport: NARROW, looks: [look], ...(media && { media }) };
      const found = (await survey(browser, [stateOf(body)], [setting])).get(setting)?.get(look) ?? [];
      assert.ok(
        found.some((one) => finding.test(one)),
        `It found: ${found.join('; ') || 'nothing'}`,
      );
    });
  }
});

function stateOf(body: string): State {
  const html = `<!DOCTYPE html><html lang="en"><title>A page</title><body>${body}</body></html>`;
  const headers = { 'content-type': 'text/html' };
  return { name: 'a page', path: '/', status: 200, headers, html };
}
