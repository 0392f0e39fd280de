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

/**
 * What a view finds names in, without those that all objects have: one that is missing is not to be found there, should
 * somebody have put it there. Views take a third of the time that they take on an object without any prototype.
 */
class Names {
  constructor(...sources: readonly Locals[]) {
    Object.assign(this, ...sources);
  }
}
Object.setPrototypeOf(Names.prototype, null);

/** Renders the views of one page: each knows what the page knows and what it is given, not what includes it was given. */
export class Views {
  readonly #page: Locals;

  constructor(page: Locals) {
    const include = (view: string, given?: Locals) => this.render(view, given);
    this.#page = { ...page, include };
  }

  /** @param view its path below `views/`, with a slash before it and without its ending */
  render(view: string, given: Locals = {}): string {
    return templateOf(view)(new Names(this.#page, given));
  }
}

const OPTIONS = {
  // Scripts in a `with` are slow, and take names from wherever they find them.
  strict: true,
  destructuredLocals: KNOWN_TO_ALL,
  // EJS would copy what it is given into an object without any prototype.
  unsafePrototypeLocals: true,
};

/** Compiled when it is first rendered. */
function templateOf(view: string): TemplateFunction {
  const known = ejs.cache.get(view);
  if (known) return known;
  const filename = path.join(VIEWS, `${view}.ejs`);
  const template = ejs.compile(readFileSync(filename, 'utf8'), { ...OPTIONS, filename });
  ejs.cache.set(view, template);
  return template;
}
