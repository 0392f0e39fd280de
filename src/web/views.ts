import { readFileSync } from 'node:fs';
import path from 'node:path';
import ejs, { type TemplateFunction } from 'ejs';

const VIEWS = path.join(import.meta.dirname, '../../views');

/** What every view calls by name. What else it is given it takes out of `locals`, in its first line. */
const KNOWN_TO_ALL = [
  ...['t', 'rich', 'when', 'duration', 'locale', 'dir', 'site', 'title', 'account', 'form', 'csrfToken'],
  'include',
];

export type Locals = Readonly<Record<string, unknown>>;

/** Renders the views of one page: each knows what the page knows and what it is given, not what includes it was given. */
export class Views {
  readonly #page: Locals;

  constructor(page: Locals) {
    const include = (view: string, given?: Locals) => this.render(view, given);
    // Without a prototype: a name that is missing is not to be found in what all objects have.
    this.#page = Object.assign(Object.create(null), page, { include });
  }

  /** @param view its path below `views/`, with a slash before it and without its ending */
  render(view: string, given: Locals = {}): string {
    return templateOf(view)(Object.assign(Object.create(this.#page), given));
  }
}

const OPTIONS = {
  // Scripts in a `with` are slow, and take names from wherever they find them.
  strict: true,
  destructuredLocals: KNOWN_TO_ALL,
  // What a view is given stands before what the page knows, in place of a copy of both.
  unsafePrototypeLocals: true,
};

/** Compiled when it is first rendered. */
function templateOf(view: string): TemplateFunction {
  const filename = path.join(VIEWS, `${view}.ejs`);
  const known = ejs.cache.get(filename);
  if (known) return known;
  const template = ejs.compile(readFileSync(filename, 'utf8'), { ...OPTIONS, filename });
  ejs.cache.set(filename, template);
  return template;
}
