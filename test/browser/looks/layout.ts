import type { Look } from './look.ts';
import { measure } from './measure.ts';

/** WCAG 2.5.5 (AAA): 44 by 44 CSS pixels, except links within a sentence. */
export const TARGETS: Look = {
  title: 'have targets of 44 by 44 pixels, except links within a sentence',
  find: (page) =>
    page.evaluate(() => {
      const isInSentence = (element: HTMLElement) => {
        if (element.localName !== 'a' || getComputedStyle(element).display !== 'inline') return false;
        const block = element.closest('p, li, dd, td, th, blockquote');
        const own = element.textContent?.trim().length ?? 0;
        return (block?.textContent?.trim().length ?? 0) > own;
      };
      // A label is part of the target of its checkbox.
      const targetOf = (element: HTMLElement) => {
        const own = element.getBoundingClientRect();
        const isTicked = element instanceof HTMLInputElement && /^(checkbox|radio)$/.test(element.type);
        const label = isTicked ? element.labels?.[0]?.getBoundingClientRect() : undefined;
        if (!label) return own;
        const width = Math.max(own.right, label.right) - Math.min(own.left, label.left);
        return { width, height: Math.max(own.height, label.height) };
      };
      return measure
        .controls()
        .filter((element) => !isInSentence(element))
        .flatMap((element) => {
          const { width, height } = targetOf(element);
          const isSmall = width < 43.5 || height < 43.5;
          return isSmall ? [`${measure.describe(element)} is ${width.toFixed()} by ${height.toFixed()}`] : [];
        });
    }),
};

/** WCAG 1.4.10: nothing is wider than the window, and no part of the page scrolls sideways. */
export const REFLOW: Look = {
  title: 'fit without scrolling sideways',
  find: (page) => page.evaluate(() => measure.sideways()),
};

const SPACED = `* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
  p { margin-block-end: 2em !important; }
  [role=img] { line-height: 1 !important; letter-spacing: 0 !important; }`;

/** WCAG 1.4.12: with the spacing that a reader may set, no text is cut off. A drawing made of characters is no text. */
export const TEXT_SPACING: Look = {
  title: 'cut off no text and stay within the window with the spacing that readers may set',
  find: (page) =>
    page.evaluate((css) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      document.adoptedStyleSheets = [sheet];
      const found = [...measure.sideways(), ...cutOff(), ...spilt()];
      document.adoptedStyleSheets = [];
      return found;

      function cutOff(): string[] {
        return [...document.body.querySelectorAll<HTMLElement>('*')]
          .filter((element) => measure.isShown(element) && !element.closest('svg, [role=img]'))
          .filter((element) => {
            const { overflowX, overflowY } = getComputedStyle(element);
            const isField = /^(input|select|textarea)$/.test(element.localName);
            const wide = element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0;
            const high = element.scrollHeight > element.clientHeight + 1 && element.clientHeight > 0;
            if (isField) return element.localName !== 'textarea' && high;
            return (overflowX !== 'visible' && wide) || (overflowY !== 'visible' && high);
          })
          .map((element) => `${measure.describe(element)} is cut off`);
      }
      function spilt(): string[] {
        const boxes = document.querySelectorAll<HTMLElement>('.button, .badge, .avatar, legend, summary');
        return [...boxes]
          .filter((element) => measure.isShown(element))
          .filter((element) => {
            const { left, right, bottom } = element.getBoundingClientRect();
            return measure
              .linesOf(element)
              .some((line) => line.left < left - 1 || line.right > right + 1 || line.bottom > bottom + 2);
          })
          .map((element) => `the text of ${measure.describe(element)} spills over`);
      }
    }, SPACED),
};
