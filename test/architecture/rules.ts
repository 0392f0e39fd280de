import path from 'node:path';
import { METHOD_IDS } from '../../src/settings/method-ids.ts';

/** Where a file belongs: a folder of `src`, or the file itself if it is directly in `src`. */
export type Place = string;

/**
 * The rooms of the domain from the ground up, with what each may import. A room is above everything that it imports: no arrow
 * points up.
 */
const DOMAIN: Readonly<Record<Place, readonly Place[]>> = {
  limits: ['kernel'],
  audit: ['kernel', 'limits'],
  settings: ['kernel'],
  mail: ['kernel', 'limits', 'audit', 'settings'],
  codes: ['kernel', 'limits', 'audit', 'mail'],
  accounts: ['kernel', 'limits', 'audit', 'settings', 'mail', 'codes'],
  'two-factor': ['kernel', 'limits', 'audit', 'settings', 'mail', 'codes', 'accounts'],
  policy: ['kernel', 'audit', 'settings', 'mail', 'accounts', 'two-factor'],
  'sign-in': ['kernel', 'audit', 'settings', 'mail', 'accounts', 'two-factor', 'policy'],
  apps: ['kernel', 'audit', 'settings', 'accounts', 'two-factor', 'policy', 'sign-in'],
  administration: [
    'kernel',
    'limits',
    'audit',
    'settings',
    'mail',
    'codes',
    'accounts',
    'two-factor',
    'policy',
  ],
};
const ROOMS: readonly Place[] = Object.keys(DOMAIN);

/** What each place may import, besides itself. A place that is not listed may import nothing. */
export const ARROWS: Readonly<Record<Place, readonly Place[]>> = {
  kernel: ['locales'],
  ...DOMAIN,
  storage: ['kernel', ...ROOMS, 'migrations'],
  'composition.ts': ['kernel', ...ROOMS, 'storage'],
  'services.ts': ['kernel', 'limits', 'settings', 'sign-in', 'metrics', 'web', 'oidc', 'composition.ts'],
  files: ['kernel', 'audit', 'accounts', 'policy', 'administration'],
  metrics: ['kernel', 'audit', 'settings', 'mail', 'accounts', 'apps'],
  web: ['kernel', 'limits', 'audit', 'settings', 'accounts', 'policy', 'sign-in', 'metrics'],
  pages: ['kernel', ...ROOMS.filter((room) => room !== 'limits'), 'services.ts', 'files', 'web', 'oidc'],
  guard: ['kernel', 'limits', 'audit', 'settings', 'accounts', 'apps', 'web'],
  oidc: ['kernel', 'accounts', 'sign-in', 'apps', 'web'],
  'app.ts': ['services.ts', 'web', 'pages', 'guard', 'oidc'],
  boot: ['kernel', 'limits', 'audit', 'mail', 'storage'],
  'portal.ts': [
    ...['kernel', 'limits', 'mail', 'accounts', 'storage', 'metrics', 'boot', 'oidc'],
    ...['composition.ts', 'services.ts'],
  ],
  'main.ts': ['kernel', 'boot', 'portal.ts', 'app.ts'],
  'start.js': ['boot', 'main.ts'],
  cli: [
    ...['kernel', 'audit', 'settings', 'accounts', 'two-factor', 'policy', 'apps', 'administration'],
    ...['storage', 'files', 'boot', 'portal.ts'],
  ],
  'cli.ts': ['cli'],
  'cli.js': ['boot', 'cli.ts'],
};

/** The files of a room that others may import, if not all of them. */
const DOORS: Readonly<Record<Place, readonly string[]>> = {
  mail: ['letter', 'mail', 'mailer', 'message', 'notices', 'queue', 'smtp-url', 'vocabulary'],
};

/** These compose the rooms: they may import every file, and only they may import a room's `compose.ts`. */
const COMPOSING: readonly Place[] = ['composition.ts', 'portal.ts'];

/** Where a package may be imported; in the domain, only where it is listed. Node's own modules are allowed, except these. */
const PACKAGES: Readonly<Record<string, readonly Place[]>> = {
  zod: ['kernel', ...ROOMS, 'web', 'oidc', 'pages', 'storage', 'files', 'boot', 'cli'],
  '@node-rs/bcrypt': ['accounts'],
  'csv-parse': ['files'],
  otplib: ['two-factor'],
  qrcode: ['two-factor'],
  express: ['web', 'pages', 'guard', 'oidc', 'app.ts'],
  'oidc-provider': ['oidc'],
  koa: ['oidc'],
  'express-session': ['web', 'storage'],
  csurf: ['web'],
  helmet: ['web'],
  bowser: ['web'],
  ejs: ['web', 'mail'],
  knex: ['storage'],
  'connect-redis': ['storage'],
  redis: ['storage'],
  'better-sqlite3': ['storage'],
  pg: ['storage'],
  mysql2: ['storage'],
  jose: ['apps', 'oidc'],
  nodemailer: ['mail'],
  i18next: ['kernel'],
  pino: ['web', 'guard', 'oidc', 'storage', 'mail', 'services.ts', 'boot', 'composition.ts', 'portal.ts'],
  commander: ['cli'],
  'prom-client': ['metrics'],
  'node:http': ['web', 'guard', 'oidc', 'storage', 'boot'],
  'node:https': [],
  'node:net': ['boot', 'limits', 'storage', 'mail', 'guard'],
  'node:child_process': [],
};

/** The only part of the domain that knows methods and their packages. */
const METHODS = 'src/two-factor/methods/';

/** The forbidden imports of a file; empty if there are none. `file` is its path from the project's root. */
export function wrongImports(file: string, source: string): string[] {
  return importsOf(source).flatMap((specifier) => {
    const fault = specifier.startsWith('.') ? wrongArrow(file, specifier) : wrongPackage(file, specifier);
    return fault === undefined ? [] : [`${file} imports ${specifier}: ${fault}`];
  });
}

/** All specifiers of a source, in imports, `export … from`, `import()` and `require()`. */
export function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const patterns = [
    /^\s*(?:import|export)\b[^'"`;=]*?\bfrom\s*['"]([^'"]+)['"]/gm,
    /^\s*import\s*['"]([^'"]+)['"]/gm,
    /\b(?:import|require)\(\s*(?:['"]([^'"]+)['"]|[^)]*)/g,
  ];
  // The specifier of a computed import() is unknown: its name is "?".
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map(([, specifier]) => specifier ?? '?'));
}

function wrongArrow(file: string, specifier: string): string | undefined {
  const target = path.posix.join(path.posix.dirname(file), specifier);
  const from = placeOf(file);
  const to = placeOf(target);
  if (from === to) return undefined;
  if (!ARROWS[from]?.includes(to)) return `${from} must not know ${to}`;
  const name = path.posix.basename(target, '.ts');
  if (COMPOSING.includes(from)) return undefined;
  if (name === 'compose') return `${from} must not compose ${to}`;
  const isOpen = DOORS[to]?.includes(name) ?? true;
  return isOpen ? undefined : `${from} must not know the inside of ${to}`;
}

function wrongPackage(file: string, specifier: string): string | undefined {
  const from = placeOf(file);
  const name = packageOf(specifier);
  const places = PACKAGES[name];
  if (places === undefined) return name.startsWith('node:') ? undefined : `nobody is known to need ${name}`;
  if (!places.includes(from)) return `${from} must not know ${name}`;
  const isMethods = name === 'otplib' || name === 'qrcode';
  return isMethods && !file.startsWith(METHODS) ? `only a method knows ${name}` : undefined;
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier.split('/')[0] ?? specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function placeOf(file: string): Place {
  const [top = '', second = ''] = file.split('/');
  return top === 'src' ? second : top;
}

/** What each file of `src` imports from the others, by their paths from the project's root. */
export function fileGraph(sources: ReadonlyMap<string, string>): ReadonlyMap<string, readonly string[]> {
  const targets = (file: string, source: string) =>
    importsOf(source)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => path.posix.join(path.posix.dirname(file), specifier))
      .filter((target) => sources.has(target));
  return new Map([...sources].map(([file, source]) => [file, [...new Set(targets(file, source))]]));
}

/** The same for places: the other places that the files of each one import. */
export function placeGraph(
  files: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<Place, readonly Place[]> {
  const graph = new Map<Place, Set<Place>>();
  for (const [file, targets] of files) {
    const from = placeOf(file);
    const others = graph.get(from) ?? new Set();
    for (const to of targets.map(placeOf)) if (to !== from) others.add(to);
    graph.set(from, others);
  }
  return new Map([...graph].map(([place, others]) => [place, [...others]]));
}

/** The circles of a graph: sets of nodes that all reach each other (strongly connected, by Tarjan's algorithm). */
export function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const circles: string[][] = [];
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const path: string[] = [];
  function visit(node: string): number {
    const own = index.size;
    index.set(node, own);
    low.set(node, own);
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      const reached = index.has(next) ? path.includes(next) && index.get(next) : visit(next);
      if (typeof reached === 'number') low.set(node, Math.min(low.get(node) ?? own, reached));
    }
    if (low.get(node) === own) {
      const circle = path.splice(path.indexOf(node));
      if (circle.length > 1) circles.push(circle.sort());
    }
    return low.get(node) ?? own;
  }
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return circles;
}

/** Places of the source without a rule: a new folder needs one. */
export function placesWithoutRules(files: readonly string[]): Place[] {
  const places = new Set(files.filter((file) => file.startsWith('src/')).map(placeOf));
  return [...places].filter((place) => ARROWS[place] === undefined);
}

export const MOST_LINES = 300;

/** Names of folders and files for things without a name. */
const NAMELESS = /^(?:(?:.*-)?(?:utils?|utilit(?:y|ies)|helpers?|managers?)|commons?|misc|shared)$/i;

/** The parts of a path that say nothing about the content. */
export function namelessParts(file: string): string[] {
  return file.split('/').filter((part) => NAMELESS.test(part.split('.')[0] ?? ''));
}

const ANY_METHOD = `(?:${METHOD_IDS.join('|')})`;
const DECISIONS = [
  new RegExp(`[\\w\\])]\\s*[!=]==?\\s*['"\`]${ANY_METHOD}['"\`]`),
  new RegExp(`['"\`]${ANY_METHOD}['"\`]\\s*[!=]==?`),
  new RegExp(`\\bcase\\s*['"\`]${ANY_METHOD}['"\`]`),
  /\bswitch\s*\([^)]*\bmethod(?:Id)?\s*\)/,
];
/** Names of form fields and input types that look the same. */
const OTHER_MATTERS = /\b(?:field|name|type|kind)\s*[!=]==?\s*['"`]email['"`]/;

/** The lines that decide by a method's id, which only the method's own folder may do. */
export function decisionsByMethod(file: string, source: string): string[] {
  if (file.startsWith(METHODS)) return [];
  return source.split('\n').flatMap((line, index) => {
    const decides = DECISIONS.some((pattern) => pattern.test(line.replace(OTHER_MATTERS, '')));
    return decides ? [`${file}:${index + 1}: ${line.trim()}`] : [];
  });
}

/** The routes of a part of the site take all services and hand them over. */
const ROUTES = /^export function \w+Pages\(addPage: AddPage, services: PageServices\): void/m;

/** Where a page takes all services in place of those that it picks. */
export function wholeServices(file: string, source: string): string[] {
  if (!file.startsWith('src/pages/') || file === 'src/pages/page-services.ts') return [];
  const named = source
    .replace(/^import .*$/gm, '')
    .replace(/Pick<\s*PageServices,|PageServices\['\w+'\]/g, '')
    .replace(/(?:^|[/-])routes\.ts$/.test(file) ? ROUTES : '', '');
  const faults = named.match(/^.*\bPageServices\b.*$/gm)?.map((line) => `${file}: ${line.trim()}`) ?? [];
  const all = importsOf(source).filter((specifier) => path.posix.basename(specifier) === 'services.ts');
  return [...faults, ...all.map((specifier) => `${file} imports ${specifier}`)];
}

/** The partial that opens POST forms of the site, and the one for forms to an app, which must not get the site's token. */
const FORM_PARTIAL = 'views/partials/form.ejs';
const FORM_TO_APP = 'views/partials/form-to-app.ejs';

/** What a view writes by hand instead of using a partial: such a form could lack its CSRF token, or give it away. */
export function formsByHand(file: string, source: string): string[] {
  if (file === FORM_PARTIAL) return [];
  const byHand = file === FORM_TO_APP ? /_csrf|csrfToken/gi : /method\s*=\s*["']?post\b|_csrf|csrfToken/gi;
  return [...source.matchAll(byHand)].map(([found]) => `${file} has ${found}`);
}
