import type { Look } from './look.ts';
import { measure } from './measure.ts';

/** WCAG 1.4.11: fields, and buttons without a background of their own, have an edge of 3:1. */
export const EDGES: Look = {
  title: 'have edges with a contrast of 3:1 around buttons and fields',
  find: (page) =>
    page.evaluate(() =>
      measure
        .controls()
        .filter((element) =>
          element.matches('.button:not(.link), select, textarea, input:not([type=radio], [type=checkbox])'),
        )
        .flatMap((element) => {
          const ground = measure.groundOf(element.parentElement);
          const { borderTopColor, borderTopStyle, borderTopWidth } = getComputedStyle(element);
          const edge = measure.colourOf(borderTopColor);
          const hasEdge =
            borderTopStyle !== 'none' && Number.parseFloat(borderTopWidth) >= 1 && edge.opacity === 1;
          const best = Math.max(
            hasEdge ? measure.contrast(edge, ground) : 1,
            measure.contrast(measure.groundOf(element), ground),
          );
          return best >= 3 ? [] : [`${measure.describe(element)} has an edge of ${best.toFixed(1)}:1`];
        }),
    ),
};

/** Forced colours remove backgrounds: only borders distinguish boxes. */
export const BORDERS: Look = {
  title: 'keep a border around every button, field, box and message',
  find: (page) =>
    page.evaluate(() => {
      const boxes =
        '.button:not(.link), select, textarea, input:not([type=radio], [type=checkbox]), .card, .notice, .error-summary, .badge, .enrol, .avatar, .qr';
      return [...document.querySelectorAll(boxes)].filter(measure.isShown).flatMap((element) => {
        const { borderTopColor, borderTopStyle, borderTopWidth } = getComputedStyle(element);
        const contrast = measure.contrast(
          measure.colourOf(borderTopColor),
          measure.groundOf(element.parentElement),
        );
        const isSeen = borderTopStyle !== 'none' && Number.parseFloat(borderTopWidth) >= 1 && contrast >= 3;
        return isSeen
          ? []
          : [`${measure.describe(element)}: ${borderTopStyle} ${borderTopWidth} ${contrast.toFixed(1)}:1`];
      });
    }),
};

/** For people who have requested reduced motion. */
export const STILL: Look = {
  title: 'move nothing for people who prefer reduced motion',
  find: (page) =>
    page.evaluate(() =>
      [...document.querySelectorAll('*')].flatMap((element) => {
        const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(element);
        const moves =
          animationName !== 'none' || /[1-9]/.test(transitionDuration) || scrollBehavior === 'smooth';
        return moves ? [`${measure.describe(element)} moves`] : [];
      }),
    ),
};
