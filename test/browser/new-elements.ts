import { load } from 'cheerio';
import type { Node } from '../support/visible-text.ts';
import type { State } from './states/studio.ts';

type Element = Extract<Node, { attribs: object }>;

/** Attributes that no rule of the stylesheet uses (`unseenAttributesIn`): targets, values, and names. */
const UNSEEN =
  /^(href|id|for|name|value|content|src|alt|action|method|datetime|autocomplete|m(in|ax)(length)?|inputmode|title|pattern|rows|d|viewbox|width|height|x|y|aria-(describedby|labelledby|label|controls))$/i;

/**
 * As few states as contain every kind of element of any state. A kind is what selectors see: the names and attributes of an
 * element and of its ancestors. Elements of one kind have the same colours, borders and outlines, if no rule sets these by an
 * element's neighbours, which `rulesByNeighbours` checks.
 */
export function statesWithEveryElement(states: readonly State[]): ReadonlySet<State> {
  const kinds = new Map(states.map((state) => [state, kindsIn(state)]));
  const met = new Set<string>();
  const chosen = new Set<State>();
  const news = (state: State) => [...(kinds.get(state) ?? [])].filter((kind) => !met.has(kind));
  for (;;) {
    const [next] = states
      .map((state) => ({ state, news: news(state) }))
      .sort((one, other) => other.news.length - one.news.length);
    if (!next || next.news.length === 0) return chosen;
    chosen.add(next.state);
    for (const kind of next.news) met.add(kind);
  }
}

/** The kinds of all elements of a state. */
export function kindsIn({ html }: Pick<State, 'html'>): ReadonlySet<string> {
  const kinds = new Set<string>();
  const walk = (element: Element, outside: string) => {
    const kind = `${outside} ${ownKind(element)}`;
    kinds.add(kind);
    for (const child of element.children) if ('attribs' in child) walk(child, kind);
  };
  for (const root of load(html)('html').toArray()) walk(root, '');
  return kinds;
}

function ownKind({ name, attribs }: Element): string {
  const seen = Object.entries(attribs).filter(([attribute]) => !UNSEEN.test(attribute));
  return `${name}${seen.map(([attribute, value]) => `[${attribute}=${value}]`).join('')}`;
}

/** A selector that depends on the elements before or after an element. */
const BY_NEIGHBOUR = /[+~]|:(first|last|only|nth)-|:empty|:has\(/;
const COLOURED =
  /(?:^|;)\s*(accent-color|color|background|border|outline|box-shadow|text-decoration|filter|forced-color|opacity|fill|stroke|--)/;

/** The rules of a stylesheet that set colours, borders or outlines of an element by its neighbours. */
export function rulesByNeighbours(css: string): readonly string[] {
  return [...rulesIn(css)]
    .filter(([, selector = '', declarations = '']) => {
      return BY_NEIGHBOUR.test(selector) && COLOURED.test(declarations);
    })
    .map(([, selector = '']) => selector.trim());
}

/** The attributes that selectors of a stylesheet ask for, and that kinds of elements leave out. */
export function unseenAttributesIn(css: string): readonly string[] {
  const selectors = [...rulesIn(css)].map(([, selector = '']) => selector).join('\n');
  const attributes = [...selectors.matchAll(/\[([a-z-]+)/gi)].map(([, attribute = '']) => attribute);
  // Depends on the value of a field.
  const others = selectors.match(/:placeholder-shown|:(in)?valid|:user-|:(in|out-of)-range|:autofill/g) ?? [];
  return [...attributes.filter((attribute) => UNSEEN.test(attribute)), ...others];
}

function rulesIn(css: string) {
  return css.replace(/\/\*[\s\S]*?\*\//g, '').matchAll(/([^{}]+)\{([^{}]*)\}/g);
}
