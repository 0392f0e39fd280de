import ejs from 'ejs';
import type { MessageKey, MessageValues, Translator } from '../words.ts';

/** What a tag of a text becomes on a page. */
export interface RichElement {
  readonly element: 'a' | 'bdi' | 'code' | 'span';
  readonly class?: string;
  readonly dir?: 'ltr' | 'rtl' | 'auto';
  readonly href?: string;
}

/** By the tag's name: `{ link: { element: 'a', href: '/sign-in' } }` for "Go to <link>Sign in</link>". */
export type RichElements = Readonly<Record<string, RichElement>>;

/** Tags that mean the same everywhere. */
const ALWAYS: RichElements = {
  /** For those who listen, or who see the page without its style. */
  hidden: { element: 'span', class: 'visually-hidden' },
  code: { element: 'code', dir: 'ltr' },
};

/** Stands for "<" in values, so that what people typed is never taken for a tag; no value holds control characters. */
const LESS_THAN = '\u0001';

/**
 * A text whose words carry links or other elements, as HTML: each language puts the tag where its sentence needs it,
 * and nothing is put together from pieces. The tags are the catalogue's own; everything else, values and attributes
 * too, is escaped.
 */
export function richText(
  { t }: Translator,
  key: MessageKey,
  values: MessageValues = {},
  elements: RichElements = {},
): string {
  const known = { ...ALWAYS, ...elements };
  return t(key, withoutTags(values))
    .split(/(<\/?[a-z-]+>)/)
    .map((part) => tagAsHtml(part, known) ?? ejs.escapeXML(part.replaceAll(LESS_THAN, '<')))
    .join('');
}

function withoutTags(values: MessageValues): MessageValues {
  const safe = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === 'string' ? value.replaceAll(LESS_THAN, ' ').replaceAll('<', LESS_THAN) : value,
  ]);
  return Object.fromEntries(safe);
}

/** Undefined for what is no tag; throws for a tag that nobody gave an element for. */
function tagAsHtml(part: string, elements: RichElements): string | undefined {
  const [, slash, name] = /^<(\/?)([a-z-]+)>$/.exec(part) ?? [];
  if (name === undefined) return undefined;
  const described = elements[name];
  if (described === undefined) throw new Error(`Nothing was given for the tag <${name}>.`);
  const { element, ...attributes } = described;
  if (slash === '/') return `</${element}>`;
  const written = Object.entries(attributes).map(
    ([attribute, value]) => ` ${attribute}="${ejs.escapeXML(value)}"`,
  );
  return `<${element}${written.join('')}>`;
}
