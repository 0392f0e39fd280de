import type { CheerioAPI } from 'cheerio';

type Selection = ReturnType<CheerioAPI>;
export type Node = Parameters<CheerioAPI['contains']>[1];

/** What no browser shows as text, and what is read by its label instead. */
const UNSEEN: ReadonlySet<string> = new Set([
  'head',
  'script',
  'style',
  'template',
  'select',
  'textarea',
  'datalist',
]);

/** All other elements begin and end a line. */
const INLINE: ReadonlySet<string> = new Set(
  'a abbr b bdi bdo cite code data dfn em i img kbd label mark q s samp small span strong sub sup time u var wbr'.split(
    ' ',
  ),
);

/** Whether an element is inline, and neither begins nor ends a line. */
export function isInline(node: Node): boolean {
  return 'name' in node && INLINE.has(node.name);
}

/** The text that a text browser shows of the selection, with collapsed white space; pictures show their alternative text. */
export function visibleText(selection: Selection): string {
  return fold(selection.get().map(textOf).join(' '));
}

/** The same without text for screen readers and text browsers only. */
export function textOnScreen(selection: Selection): string {
  const copy = selection.clone();
  copy.find('.visually-hidden').remove();
  return visibleText(copy);
}

export function fold(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function textOf(node: Node): string {
  if (node.type === 'text') return node.data;
  if (!('attribs' in node)) return 'children' in node ? node.children.map(textOf).join('') : '';
  if (UNSEEN.has(node.name) || 'hidden' in node.attribs) return '';
  if (node.name === 'img') return node.attribs['alt'] ?? '';
  const inside = node.children.map(textOf).join('');
  return isInline(node) ? inside : ` ${inside} `;
}
