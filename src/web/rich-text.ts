import ejs from 'ejs';
import type { MessageKey, MessageValues, Translator } from '../kernel/i18n.ts';

/** The element that a tag in a text becomes. */
export interface RichElement {
  readonly element: 'a' | 'bdi' | 'code' | 'span';
  readonly class?: string;
  readonly dir?: 'ltr' | 'rtl' | 'auto';
  readonly href?: string;
}

/** By the tag's name: `{ link: { element: 'a', href: '/sign-in' } }` for "Go to <link>Sign in</link>". */
export type RichElements = Readonly<Record<string, RichElement>>;

/** Tags with a fixed meaning. */
const ALWAYS: RichElements = {
  /** For screen readers and browsers without CSS. */
  hidden: { element: 'span', class: 'visually-hidden' },
  code: { element: 'code', dir: 'ltr' },
};

/** Stands for "<" in values, so that typed text is never taken for a tag. Values contain no control characters. */
const LESS_THAN = '\u0001';

/**
 * A text with links or other elements, as HTML. Each translation puts the tags where its sentence needs them. Tags come from the
 * catalogue only; everything else, values and attributes included, is escaped.
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

/** Undefined if it is no tag; throws for a tag without an element. */
function tagAsHtml(part: string, elements: RichElements): string | undefined {
  const [, slash, name] = /^<(\/?)([a-z-]+)>$/.exec(part) ?? [];
  if (name === undefined) return undefined;
  const described = elements[name];
  if (described === undefined) throw new Error(`No value was given for the tag <${name}>.`);
  const { element, ...attributes } = described;
  if (slash === '/') return `</${element}>`;
  const written = Object.entries(attributes).map(
    ([attribute, value]) => ` ${attribute}="${ejs.escapeXML(value)}"`,
  );
  return `<${element}${written.join('')}>`;
}
