import { readFileSync } from 'node:fs';
import path from 'node:path';
import ejs, { type TemplateFunction } from 'ejs';

const VIEWS = path.join(import.meta.dirname, '../../views');
const METHODS = path.join(import.meta.dirname, '../two-factor/methods');

/** Names that every view has. A view takes further values out of `locals` in its first line. */
const KNOWN_TO_ALL = [
  ...[
    't',
    'rich',
    'when',
    'timeZone',
    'duration',
    'locale',
    'dir',
    'site',
    'title',
    'account',
    'form',
    'errorsOf',
    'csrfToken',
  ],
  'include',
];

export type Locals = Readonly<Record<string, unknown>>;

/**
 * The scope of a view. Its prototype is empty, so that a missing name is not found on Object.prototype, where an attacker may have
 * put it. V8 treats an object with no prototype at all as a dictionary, which takes three times as long.
 */
class Names {
  constructor(...sources: readonly Locals[]) {
    Object.assign(this, ...sources);
  }
}
Object.setPrototypeOf(Names.prototype, null);

/** Renders the views of one page. A view sees the page's names and its own arguments, not those of the including view. */
export class Views {
  readonly #page: Locals;

  constructor(page: Locals) {
    const include = (view: string, given?: Locals) => this.render(view, given);
    this.#page = { ...page, include };
  }

  /** @param view path below `views/`, with a leading slash, without extension */
  render(view: string, given: Locals = {}): string {
    return templateOf(view)(new Names(this.#page, given));
  }
}

const OPTIONS = {
  // `with` is slow, and resolves names on Object.prototype.
  strict: true,
  destructuredLocals: KNOWN_TO_ALL,
  // Otherwise EJS copies the values into an object without a prototype.
  unsafePrototypeLocals: true,
};

/** "/two-factor/methods/app/scan": a method of 2FA has its views in its own folder. */
const OF_METHOD = /^\/two-factor\/methods\/([\w-]+)\/([\w-]+)$/;

function fileOf(view: string): string {
  const [, method, name] = OF_METHOD.exec(view) ?? [];
  return method ? path.join(METHODS, method, 'views', `${name}.ejs`) : path.join(VIEWS, `${view}.ejs`);
}

/** Compiles a view when it is first rendered. */
function templateOf(view: string): TemplateFunction {
  const known = ejs.cache.get(view);
  if (known) return known;
  const filename = fileOf(view);
  const template = ejs.compile(readFileSync(filename, 'utf8'), { ...OPTIONS, filename });
  ejs.cache.set(view, template);
  return template;
}
