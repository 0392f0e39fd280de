/** Columns of a line; RFC 5322 §2.1.1 asks for at most 78, and a quoted answer needs a few. */
const WIDTH = 72;

/** Marks around a value in which no line is broken; values contain no control characters (see `oneLine`). */
const VALUE_BEGINS = '\u0002';
const VALUE_ENDS = '\u0003';

/** Control characters, line separators, and marks that change the direction of the text. */
const MISLEADING = /[\p{Cc}\u2028\u2029\u200E\u200F\u061C\u202A-\u202E\u2066-\u2069]+/gu;

/**
 * A value that people chose (a name, the browser's name) as one line. In plain text a line break would let it pass for the
 * portal's own words, for a code, or for the last line, from which phones read codes.
 */
export function oneLine(value: string): string {
  return value.replace(MISLEADING, ' ').replace(/\s+/g, ' ').trim();
}

/** A value in which no line is broken: after a break its next word would begin a line like the portal's own words. */
export function unbroken(value: string): string {
  return `${VALUE_BEGINS}${value}${VALUE_ENDS}`;
}

/** Wraps text into lines; paragraphs are at most one blank line apart. Words longer than a line (links) stay whole. */
export function layOut(text: string): string {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => line.trimEnd())
    .flatMap(wrap);
  const body = lines.join('\n').replace(/\n{3,}/g, '\n\n');
  return `${body.replaceAll(VALUE_BEGINS, '').replaceAll(VALUE_ENDS, '')}\n`;
}

/** Continued lines of a list item are indented to its text. */
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

/** A part that stays on one line, and the space before it unless it begins a line. */
interface Piece {
  readonly text: string;
  readonly gap: '' | ' ';
}

const WORD = new RegExp(`(?:${VALUE_BEGINS}[^${VALUE_ENDS}]*${VALUE_ENDS}|[^ ])+`, 'g');
const VALUE_OR_TEXT = new RegExp(`${VALUE_BEGINS}[^${VALUE_ENDS}]*${VALUE_ENDS}|[^${VALUE_BEGINS}]+`, 'g');

/** Scripts without spaces between words, whose characters are as wide as two Latin letters. */
const SOLID = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]/u;
const WIDE = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\uFF01-\uFF60]/u;
/** Made for the first Japanese text: its dictionary takes long to load. */
let words: Intl.Segmenter | undefined;

function segmenter(): Intl.Segmenter {
  words ??= new Intl.Segmenter('ja', { granularity: 'word' });
  return words;
}

function piecesOf(line: string): Piece[] {
  return (line.match(WORD) ?? []).flatMap((word) =>
    splitSolid(word).map((text, index) => ({ text, gap: index === 0 ? ' ' : '' }) as const),
  );
}

/** Japanese has no spaces: a line may be broken between words, but must not begin with "。". */
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
  return part.startsWith(VALUE_BEGINS)
    ? [part]
    : Array.from(segmenter().segment(part), ({ segment }) => segment);
}

/** Width of a text in columns of a monospaced font; combining and directional marks have none. */
function columnsOf(text: string): number {
  return Array.from(text.replace(/[\p{M}\p{Cf}\p{Cc}]/gu, ''), (letter) =>
    WIDE.test(letter) ? 2 : 1,
  ).reduce((sum: number, width) => sum + width, 0);
}
