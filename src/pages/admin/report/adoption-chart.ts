import type { Translator } from '../../../kernel/i18n.ts';
import { type FigureId, PARTS, type Slice, shareOf } from '../../../policy/adoption.ts';
import { figureInWords } from './adoption-words.ts';

/** Patterns of the parts, which can be told apart without colours, also on paper. */
const FILLS = ['solid', 'stripes', 'dots', 'lines'] as const;
export type Fill = (typeof FILLS)[number] | 'empty';

interface Swatch {
  readonly label: string;
  readonly fill: Fill;
}

/** A part of a bar, in percent of its width. */
interface Part extends Swatch {
  readonly x: number;
  readonly width: number;
  readonly middle: number;
  /** The number below the part; undefined if the part is too narrow for it. */
  readonly count: string | undefined;
}

/** One bar, for everybody or for a group. It has no parts if nobody can sign in. */
export interface Bar {
  readonly name: string;
  /** The bar as text. */
  readonly description: string;
  readonly parts: readonly Part[];
}

export interface Chart {
  readonly legend: readonly Swatch[];
  readonly bars: readonly Bar[];
}

/** Minimum width, in percent, of a part whose number fits on a telephone: this, plus an amount per character. */
const NARROWEST = 3;
const NARROWEST_PER_SIGN = 3.6;

/** The methods that people have, a bar per slice. Bars start at the start of a line, on the right in right-to-left text. */
export function chartOf(
  slices: readonly Slice[],
  nameOf: (slice: Slice) => string,
  words: Translator,
): Chart {
  return {
    legend: PARTS.map((id) => swatchOf(id, words)),
    bars: slices.map((slice) => ({
      name: nameOf(slice),
      description: descriptionOf(slice, words),
      parts: partsOf(slice, words),
    })),
  };
}

function partsOf(slice: Slice, words: Translator): readonly Part[] {
  let start = 0;
  return PARTS.flatMap((id) => {
    const width = (shareOf(id, slice) ?? 0) * 100;
    if (width === 0) return [];
    const x = words.dir === 'rtl' ? 100 - start - width : start;
    start += width;
    const count = words.number(slice.figures[id]);
    const fits = width >= NARROWEST + NARROWEST_PER_SIGN * count.length;
    return { ...swatchOf(id, words), x, width, middle: x + width / 2, count: fits ? count : undefined };
  });
}

/** "none" is empty; each other part has its pattern. */
function swatchOf(id: FigureId, words: Translator): Swatch {
  const fill = id === 'none' ? 'empty' : (FILLS[PARTS.indexOf(id) % FILLS.length] ?? 'solid');
  return { label: figureInWords(id, words), fill };
}

function descriptionOf(slice: Slice, words: Translator): string {
  const parts = PARTS.map((id) =>
    words.t('adoption.part', {
      part: figureInWords(id, words),
      number: slice.figures[id],
      share: words.percent(shareOf(id, slice) ?? 0),
    }),
  );
  return words.t('adoption.parts', {
    count: slice.figures['can-sign-in'],
    parts: new Intl.ListFormat(words.locale, { type: 'unit' }).format(parts),
  });
}
