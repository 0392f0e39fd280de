import type { Page } from 'playwright-core';
import type { Look } from './look.ts';
import { measure } from './measure.ts';

/** WCAG 2.1.1, 2.4.3: Tab reaches everything that is shown, in its order, and nothing else. */
export const TAB_ORDER: Look = {
  title: 'have every control once in the order of Tab',
  find: async (page) => {
    const stops = await page.evaluate(() => {
      const reached: Element[] = [];
      addEventListener('focusin', ({ target }) => target instanceof Element && reached.push(target));
      Object.assign(globalThis, { reached });
      // From the top, wherever the page has put the focus.
      document.body.tabIndex = -1;
      document.body.focus();
      document.body.removeAttribute('tabindex');
      reached.length = 0;
      // A date has three fields and a button for Tab.
      return expected().length + 3 * document.querySelectorAll('input[type=date]').length;

      function expected(): Element[] {
        return measure.controls().filter((element) => !isLaterRadio(element));
      }
      function isLaterRadio(element: Element): boolean {
        if (!(element instanceof HTMLInputElement) || element.type !== 'radio') return false;
        const group = [...document.querySelectorAll<HTMLInputElement>(`input[name="${element.name}"]`)];
        return (group.find(({ checked }) => checked) ?? group[0]) !== element;
      }
    });
    // Chromium handles keys in their order: none has to wait for the one before.
    await Promise.all(Array.from({ length: stops }, () => page.keyboard.press('Tab')));
    return page.evaluate(() => {
      const { reached } = globalThis as unknown as { reached: Element[] };
      const radios = new Set(
        reached.flatMap((one) => (one instanceof HTMLInputElement && one.type === 'radio' ? [one.name] : [])),
      );
      const expected = measure
        .controls()
        .filter(
          (one) =>
            !(
              one instanceof HTMLInputElement &&
              one.type === 'radio' &&
              radios.has(one.name) &&
              !reached.includes(one)
            ),
        );
      return expected
        .flatMap((element, index) => {
          const there = reached[index];
          if (there === element) return [];
          return [
            `Tab ${index + 1} came by ${there ? measure.describe(there) : 'nothing'} instead of ${measure.describe(element)}`,
          ];
        })
        .slice(0, 1);
    });
  },
};

/** WCAG 2.4.7, 2.4.11 to 2.4.13: an outline of 2 pixels and 3:1 around the focused element, and nothing in front of it. */
export const FOCUS: Look = {
  title: 'show the focus by an unobscured outline of 2 pixels and a contrast of 3:1',
  find: async (page) => {
    await asFromTheKeyboard(page);
    return page.evaluate(() => {
      const findings = measure.controls().flatMap((element) => {
        element.focus();
        const { outlineStyle, outlineWidth, outlineColor, outlineOffset } = getComputedStyle(element);
        const ground = measure.groundOf(
          Number.parseFloat(outlineOffset) < 0 ? element : element.parentElement,
        );
        const contrast = measure.contrast(measure.colourOf(outlineColor), ground);
        const isSeen = outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2 && contrast >= 3;
        const name = measure.describe(element);
        return [
          ...(isSeen ? [] : [`${name}: ${outlineStyle} ${outlineWidth}, ${contrast.toFixed(1)}:1`]),
          ...(isCovered(element) ? [`something covers ${name}`] : []),
        ];
      });
      (document.activeElement as HTMLElement | null)?.blur();
      return findings;

      function isCovered(element: Element): boolean {
        return [...element.getClientRects()].some((rect) => {
          const x = rect.left + rect.width / 2;
          return [rect.top + 3, rect.top + rect.height / 2, rect.bottom - 3].some((y) => {
            if (rect.width < 2 || y < 0 || y >= innerHeight || x < 0 || x >= innerWidth) return false;
            const top = document.elementFromPoint(x, y);
            return top === null || !(element.contains(top) || top.contains(element));
          });
        });
      }
    });
  },
};

/** Browsers draw `:focus-visible` when the last event came from the keyboard. */
async function asFromTheKeyboard(page: Page): Promise<void> {
  await page.keyboard.press('Tab');
}
