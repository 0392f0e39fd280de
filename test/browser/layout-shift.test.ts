import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { load } from 'cheerio';
import type { Browser } from 'playwright-core';
import { allStates } from './states/all.ts';
import type { State } from './states/studio.ts';
import { launchChromium, Viewer } from './viewer.ts';

/** Milliseconds: the page is painted long before the script arrives. */
const SCRIPT_DELAY = 100;
/** Pages that are open at once: each mostly waits for its script. */
const VIEWERS = 4;

/** An element that moved although nobody did anything. */
interface Shift {
  readonly value: number;
  readonly moved: readonly string[];
}

declare global {
  interface Window {
    shifts: Shift[];
  }
}

describe('The painted content', () => {
  let browser: Browser;
  let states: readonly State[];
  before(async () => {
    browser = await launchChromium();
    ({ states } = await allStates());
  });
  after(() => browser?.close());

  const LOOKS = [
    { width: 320, words: 'in every state', looked: () => states },
    // Wide windows have nothing to push down: one state of each page is enough.
    {
      width: 1280,
      words: 'on every page',
      looked: () => [...new Map(states.map((one) => [pageOf(one), one])).values()],
    },
  ] as const;
  for (const { width, words, looked } of LOOKS) {
    it(`does not move at ${width} px, ${words}, however late the script arrives`, async () => {
      const shifted: unknown[] = [];
      const waiting = [...looked()];
      const look = async () => {
        const viewer = await open(width);
        for (let state = waiting.pop(); state; state = waiting.pop()) {
          await viewer.shows(state);
          // Countdowns change their text once a second.
          await delay(hasCountdown(state) ? 1_200 : 0);
          const shifts = await shiftsOn(viewer);
          if (shifts.length > 0) shifted.push({ state: state.name, shifts });
        }
        await viewer.close();
      };
      await Promise.all(Array.from({ length: VIEWERS }, look));
      assert.deepEqual(shifted, []);
    });
  }

  it('is seen to move if it does', async () => {
    const viewer = await open(320);
    await viewer.shows(states[0] as State);
    await viewer.page.evaluate(() => document.querySelector('main')?.prepend(document.createElement('hr')));
    assert.equal((await shiftsOn(viewer)).length, 1);
    await viewer.close();
  });

  async function open(width: number): Promise<Viewer> {
    const viewer = await Viewer.open(browser, { viewport: { width, height: 800 } });
    await viewer.page.context().route('**/*.js', async (route) => {
      await delay(SCRIPT_DELAY);
      await route.fallback();
    });
    await viewer.page.addInitScript(() => {
      window.shifts = [];
      const note = (entry: PerformanceEntry) => {
        const { value, sources } = entry as PerformanceEntry & { value: number; sources: { node?: Node }[] };
        const moved = sources.map(({ node }) => (node as Element)?.outerHTML ?? node?.textContent ?? '');
        window.shifts.push({ value, moved: moved.map((html) => html.slice(0, 80)) });
      };
      new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type: 'layout-shift' });
    });
    return viewer;
  }
});

/** What has moved up to the frame after the next. */
async function shiftsOn({ page }: Viewer): Promise<readonly Shift[]> {
  return page.evaluate(async () => {
    for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
    await new Promise((resolve) => setTimeout(resolve, 20));
    return window.shifts;
  });
}

function hasCountdown({ html }: State): boolean {
  return load(html)('[data-countdown]').length > 0;
}

/** "sign-in-code" of "sign-in-code/app-wrong". */
function pageOf({ name }: State): string {
  return name.replace(/\/.*/, '');
}
