/** Columns of a line; RFC 5322 §2.1.1 asks for at most 78, and a quoted answer needs a few. */
const WIDTH = 72;

/** Stand around a value that no line is broken in; no value holds control characters (see `oneLine`). */
const VALUE_BEGINS = '\u0002';
const VALUE_ENDS = '\u0003';

/** Control characters, line separators, and marks that turn the direction of what follows. */
const MISLEADING = /[\p{Cc}\u2028\u2029\u200E\u200F\u061C\u202A-\u202E\u2066-\u2069]+/gu;

/**
 * A value that people chose (a name, a browser's claim) as one line: in a plain text mail a line break would let it
 * pass for the portal's own words, a code, or the last line that phones read codes from.
 */
export function oneLine(value: string): string {
  return value.replace(MISLEADING, ' ').replace(/\s+/g, ' ').trim();
}

/** A value that no line is broken in: at a break, its next word would begin a line as the portal's own words do. */
export function unbroken(value: string): string {
  return `${VALUE_BEGINS}${value}${VALUE_ENDS}`;
}

/** Text in readable lines, paragraphs at most one blank line apart. Words longer than a line (links) stay whole. */
export function layOut(text: string): string {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => line.trimEnd())
    .flatMap(wrap);
  const body = lines.join('\n').replace(/\n{3,}/g, '\n\n');
  return `${body.replaceAll(VALUE_BEGINS, '').replaceAll(VALUE_ENDS, '')}\n`;
}

/** What belongs to "1. " stands below its words. */
function wrap(line: string): string[] {
  const hang = ' '.repeat(/^\d+\. /.exec(line)?.[0].length ?? 0);
  const lines: string[] = [];
  let current = '';
  for (const [index, { text, gap }] of piecesOf(line).entries()) {
    const longer = index === 0 ? text : current + gap + text;
    if (index === 0 || columnsOf(longer) <= WIDTH) {
      current = longer;
    } else {
      lines.push(current);
      current = hang + text;
    }
  }
  return [...lines, current];
}

/** What stays on one line, and what stands before it unless it begins one. */
interface Piece {
  readonly text: string;
  readonly gap: '' | ' ';
}

const WORD = new RegExp(`(?:${VALUE_BEGINS}[^${VALUE_ENDS}]*${VALUE_ENDS}|[^ ])+`, 'g');
const VALUE_OR_TEXT = new RegExp(`${VALUE_BEGINS}[^${VALUE_ENDS}]*${VALUE_ENDS}|[^${VALUE_BEGINS}]+`, 'g');

/** Scripts that are written without spaces between words, and as wide as two Latin letters. */
const SOLID = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]/u;
const WIDE = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\uFF01-\uFF60]/u;
const words = new Intl.Segmenter('ja', { granularity: 'word' });

function piecesOf(line: string): Piece[] {
  return (line.match(WORD) ?? []).flatMap((word) =>
    splitSolid(word).map((text, index) => ({ text, gap: index === 0 ? ' ' : '' }) as const),
  );
}

/** A word of Japanese text is a whole sentence: it may be broken between its words, but no line begins with a "。". */
function splitSolid(word: string): string[] {
  const parts = word.match(VALUE_OR_TEXT) ?? [];
  if (!parts.some((part) => !part.startsWith(VALUE_BEGINS) && SOLID.test(part))) return [word];
  const pieces: string[] = [];
  for (const text of parts.flatMap(wordsIn)) {
    const last = pieces.at(-1);
    const belongsToLast = /^[\p{Pe}\p{Pf}\p{Po}ーぁぃぅぇぉっゃゅょァィゥェォッャュョ]/u.test(text);
    if (last !== undefined && (belongsToLast || /[\p{Ps}\p{Pi}]$/u.test(last)))
      pieces.push(pieces.pop() + text);
    else pieces.push(text);
  }
  return pieces;
}

function wordsIn(part: string): string[] {
  return part.startsWith(VALUE_BEGINS) ? [part] : Array.from(words.segment(part), ({ segment }) => segment);
}

/** How wide a text is where every letter is as wide as another, marks that join others and signs of direction not. */
function columnsOf(text: string): number {
  return Array.from(text.replace(/[\p{M}\p{Cf}\p{Cc}]/gu, ''), (letter) =>
    WIDE.test(letter) ? 2 : 1,
  ).reduce((sum: number, width) => sum + width, 0);
}
