import { isDeepStrictEqual } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import type { Look, Setting } from './looks/look.ts';
import { MEASURE_IN_PAGE } from './looks/measure.ts';
import { statesWithEveryElement } from './new-elements.ts';
import type { State } from './states/studio.ts';
import { Viewer } from './viewer.ts';

/** Pages that are open at once: one for each core of a small machine. */
const PAGES = 2;

/** The findings in each setting, "state: fault". */
export type Findings = ReadonlyMap<Setting, ReadonlyMap<Look, readonly string[]>>;

/** Shows each state once and runs its checks, in one setting after the other. */
export async function survey(
  browser: Browser,
  states: readonly State[],
  settings: readonly Setting[],
): Promise<Findings> {
  const noted = settings.flatMap((setting) =>
    setting.looks.map((look) => ({ setting, look, found: [] as string[] })),
  );
  const fullest = fullestOfEachPage(states);
  const needsKinds = settings.some(({ on }) => on !== undefined);
  const withEveryElement = needsKinds ? statesWithEveryElement(states) : new Set<State>();
  const scripts = new Set(noted.flatMap(({ look }) => look.script ?? []));
  const waiting = [...states];
  async function looksOn(): Promise<void> {
    const viewer = await Viewer.open(browser);
    await viewer.page.addInitScript({ content: [...scripts, MEASURE_IN_PAGE].join('\n') });
    const [first] = settings;
    for (let state = waiting.shift(); state && first; state = waiting.shift()) {
      // Before the page is loaded: it need not be laid out twice.
      await arrange(viewer.page, first);
      await viewer.shows(state);
      let last = first;
      for (const { setting, look, found } of noted) {
        if (look.on === 'fullest' && !fullest.has(state)) continue;
        if (setting.on !== undefined && !withEveryElement.has(state)) continue;
        if (setting !== last) await arrange(viewer.page, setting);
        last = setting;
        const { name } = state;
        found.push(...(await look.find(viewer.page, state)).map((one) => `${name}: ${one}`));
      }
    }
    await viewer.close();
  }
  await Promise.all(Array.from({ length: Math.min(PAGES, states.length) }, looksOn));
  return new Map(
    settings.map((setting) => [
      setting,
      new Map(noted.filter((one) => one.setting === setting).map(({ look, found }) => [look, found])),
    ]),
  );
}

/** For each page, unsubmitted and with a refused form, the state with the longest markup. */
function fullestOfEachPage(states: readonly State[]): ReadonlySet<State> {
  const shortestFirst = states.toSorted((one, other) => one.html.length - other.html.length);
  return new Set(new Map(shortestFirst.map((state) => [pageOf(state), state])).values());
}

function pageOf({ path, html }: State): string {
  const pattern = path.replace(/\?.*/, '').replace(/[0-9a-v]{26}/g, ':id');
  return `${pattern} ${html.includes('class="error-summary"') ? 'refused' : ''}`;
}

/** Without transitions: during one, a colour belongs to neither scheme. */
async function arrange(page: Page, { viewport, media }: Setting): Promise<void> {
  if (!isDeepStrictEqual(page.viewportSize(), viewport)) await page.setViewportSize(viewport);
  await page.emulateMedia({ colorScheme: 'light', forcedColors: 'none', reducedMotion: 'reduce', ...media });
}
