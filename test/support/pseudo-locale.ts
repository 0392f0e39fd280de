import { readCatalogues, type Words, wordsOf } from '../../src/kernel/i18n.ts';

/** An artificial language: "English (Pseudo-Accents)" of Unicode CLDR. */
export const PSEUDO = 'en-XA';

/** Marks around each text of the catalogue, and nothing else on a page. */
export const OPEN = '⟦';
export const CLOSE = '⟧';

const PLAIN = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const ACCENTED = 'åƀçðéƒğĥîĵķļɱñöþǫŕšţûṽŵẋýžÅƁÇÐÉƑĞĤÎĴĶĻṀÑÖÞǪŔŠŢÛṼŴẊÝŽ';

const TAG_OR_PLACEHOLDER = /(<\/?[a-z-]+>|\{\{\w+\}\})/;

/**
 * The English texts as a language that is still readable, but has no English letter, is longer by a third or more like other
 * languages, and is marked: hard-coded or clipped text is visible at once.
 */
export function pseudoWords(): Words {
  const english = readCatalogues().get('en') ?? {};
  const pseudo = Object.fromEntries(Object.entries(english).map(([key, text]) => [key, pseudoText(text)]));
  return wordsOf(new Map([...readCatalogues(), [PSEUDO, pseudo]]));
}

/** "Edit {{name}}" as "⟦Éédîîţ {{name}}⟧". */
export function pseudoText(text: string): string {
  const parts = text
    .split(TAG_OR_PLACEHOLDER)
    .map((part, index) => (index % 2 === 1 ? part : accented(part)));
  return `${OPEN}${parts.join('')}${CLOSE}`;
}

/** Every vowel twice: words grow, like those of German, and not only sentences. */
function accented(text: string): string {
  const longer = text.replace(/[aeiou]/gi, '$&$&');
  return Array.from(longer, (letter) => ACCENTED[PLAIN.indexOf(letter)] ?? letter).join('');
}

/** Text outside of the catalogue's texts, line by line; throws if a text is not complete. */
export function outsideTexts(text: string): string[] {
  let depth = 0;
  let outside = '';
  for (const letter of text) {
    if (letter === OPEN) depth++;
    else if (depth === 0) outside += letter;
    else if (letter === CLOSE) {
      depth--;
      outside += '\n';
    }
  }
  if (depth !== 0) throw new Error(`Only a part of a text is in "${text}".`);
  return outside.split('\n');
}
