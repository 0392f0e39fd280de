/** Combining marks in a row. No language needs more (UAX #15 §13, Stream-Safe Text). */
const MOST_MARKS = 30;

/** With half-width voicing marks, which NFKC turns into combining marks. */
const TOO_MANY_MARKS = new RegExp(`[\\p{M}\\uFF9E\\uFF9F]{${MOST_MARKS + 1}}`, 'u');

/** Whether a letter has more accents than any language uses. */
export function hasPiledMarks(text: string): boolean {
  return TOO_MANY_MARKS.test(text);
}

/**
 * The text in a normal form. Text with too many marks in a row is returned unchanged: sorting them takes quadratic time, and
 * 31 KB of them would block every other request for a quarter of a second.
 */
export function normalized(text: string, form: 'NFC' | 'NFKC'): string {
  return hasPiledMarks(text) ? text : text.normalize(form);
}

/** Invisible characters: format characters, fillers, variation selectors, tags (UAX #44, UTS #51). */
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/u;
const EACH_UNSEEN = new RegExp(UNSEEN, 'gu');

/** Format characters that are visible: signs before numbers (Arabic, Syriac, Kaithi), joiners of hieroglyphs. */
const VISIBLE_FORMAT = /[\u0600-\u0605\u06DD\u070F\u0890\u0891\u08E2\u{110BD}\u{110CD}\u{13430}-\u{1343F}]/u;

/** Letters and symbols that look like a space: the empty Braille cell, a note without a head, blank hieroglyphs. */
const BLANK = /[\u2800\u{1D159}\u{13441}\u{13442}]/gu;

export function hasUnseen(text: string): boolean {
  return UNSEEN.test(text);
}

/** Removes every invisible character, joiners included: for comparing, not for showing. */
export function withoutUnseen(text: string): string {
  return text.replace(EACH_UNSEEN, '');
}

/** Trims white space and invisible characters. */
export function withoutUnseenEnds(text: string): string {
  return text.replace(
    /^[\s\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cf}]+|(?<![\s\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cf}])[\s\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cf}]+$/gu,
    '',
  );
}

/** Scripts in which a joiner has no effect. */
const NEVER_JOINING = ['Common', 'Latin', 'Greek', 'Cyrillic', 'Han', 'Hiragana', 'Katakana', 'Hangul'].map(
  (script) => `\\p{Script=${script}}`,
);

/**
 * Invisible characters that change what is seen: joiners between emoji and after letters of joining scripts (Persian,
 * Malayalam), variation selectors of emoji, Han (Japanese family names) and Mongolian, and the tags in flags.
 */
const NEEDED = [
  String.raw`\p{RGI_Emoji_Tag_Sequence}`,
  String.raw`(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])\u200D(?=\p{Extended_Pictographic})`,
  String.raw`(?<=\p{Extended_Pictographic})[\uFE0E\uFE0F]`,
  String.raw`(?<=[#*0-9])\uFE0F(?=\u20E3)`,
  String.raw`(?<=\p{Script=Han})[\uFE00-\uFE02\u{E0100}-\u{E01EF}]`,
  String.raw`(?<=\p{Script=Mongolian})[\u180B-\u180D\u180F]`,
  String.raw`(?<=[[\p{L}\p{M}]--[${NEVER_JOINING.join('')}\u0300-\u036F\p{Default_Ignorable_Code_Point}]])[\u200C\u200D]`,
  VISIBLE_FORMAT.source,
].join('|');
const EACH_NEEDED_OR_UNSEEN = new RegExp(
  String.raw`(${NEEDED})|[\p{Default_Ignorable_Code_Point}\p{Cf}]`,
  'gv',
);

/** Removes invisible characters that change nothing, so that names that look the same are the same. */
export function withoutNeedlessUnseen(text: string): string {
  return text.replace(EACH_NEEDED_OR_UNSEEN, (_found, needed: string | undefined) => needed ?? '');
}

/** Whether any character is visible. */
export function showsSomething(text: string): boolean {
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(withoutUnseen(text).replace(BLANK, ''));
}

/** Full-width characters as ASCII. Chinese and Japanese input methods type them. */
export function foldedWidth(text: string): string {
  return text.replace(/[\uFF01-\uFF5E]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0));
}
