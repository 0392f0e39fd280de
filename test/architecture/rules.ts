import path from 'node:path';

/** Where a file belongs: a folder of `src`, or, for what lies in `src` itself, the file. */
export type Place = string;

/** What everybody stands on: no words, no framework. */
const FOUNDATION: readonly Place[] = ['time.ts', 'identifiers.ts', 'keyring.ts', 'atomically.ts'];
const DOMAIN: readonly Place[] = ['accounts', 'two-factor', 'audit', 'limits', 'settings', 'post'];
const INNER: readonly Place[] = [...FOUNDATION, ...DOMAIN];

/** Whom each place may import from, besides itself. A place that is not here may import nothing. */
const ARROWS: Readonly<Record<Place, readonly Place[]>> = {
  ...Object.fromEntries(FOUNDATION.map((place) => [place, FOUNDATION])),
  ...Object.fromEntries(DOMAIN.map((place) => [place, INNER])),
  'words.ts': ['time.ts', 'locales'],
  'fields.ts': ['words.ts'],
  'services.ts': [...INNER, 'words.ts'],
  files: [...INNER, 'words.ts', 'fields.ts'],
  addresses: FOUNDATION,
  'config.ts': [...FOUNDATION, 'addresses', 'config-values.ts', 'secrets.ts', 'value-files.ts'],
  'config-values.ts': [...FOUNDATION, 'addresses', 'secrets.ts'],
  'secrets.ts': [...FOUNDATION, 'config.ts'],
  'value-files.ts': ['config.ts'],
  'logging.ts': [...INNER, 'config.ts'],
  storage: [...INNER, 'addresses', 'migrations'],
  mail: [...INNER, 'words.ts'],
  metrics: [...INNER, 'services.ts'],
  web: [...INNER, 'words.ts', 'fields.ts', 'services.ts'],
  pages: [...INNER, 'words.ts', 'services.ts', 'files', 'web'],
  'app.ts': ['pages', 'web', 'services.ts', 'time.ts'],
  'composition.ts': [
    ...INNER,
    'words.ts',
    'services.ts',
    'config.ts',
    'secrets.ts',
    'storage',
    'mail',
    'metrics',
    'logging.ts',
  ],
  'process.ts': [],
  'start.js': ['main.ts'],
  'main.ts': ['config.ts', 'process.ts', 'server.ts'],
  'http-server.ts': [...INNER],
  'server.ts': [
    ...INNER,
    ...['composition.ts', 'config.ts', 'secrets.ts', 'logging.ts', 'services.ts', 'app.ts', 'http-server.ts'],
  ],
  cli: [
    ...INNER,
    ...[
      'addresses',
      'composition.ts',
      'config.ts',
      'secrets.ts',
      'logging.ts',
      'services.ts',
      'words.ts',
      'fields.ts',
      'files',
    ],
  ],
  'cli.ts': ['cli'],
};

/** Where a package may be imported; the domain has those alone that name it. Node's own modules are free but for these. */
const PACKAGES: Readonly<Record<string, readonly Place[]>> = {
  zod: [
    ...INNER,
    'web',
    'pages',
    'storage',
    'mail',
    'words.ts',
    'fields.ts',
    'files',
    'config.ts',
    'config-values.ts',
    'secrets.ts',
    'cli',
  ],
  bcryptjs: ['accounts'],
  'csv-parse': ['files'],
  otplib: ['two-factor'],
  qrcode: ['two-factor'],
  express: ['web', 'pages', 'app.ts'],
  'express-session': ['web', 'storage', 'services.ts'],
  csurf: ['web'],
  helmet: ['web'],
  bowser: ['web'],
  ejs: ['web', 'mail'],
  knex: ['storage', 'composition.ts'],
  'connect-session-knex': ['storage'],
  'connect-redis': ['storage'],
  redis: ['storage'],
  'better-sqlite3': ['storage'],
  pg: ['storage'],
  mysql2: ['storage'],
  nodemailer: ['mail'],
  i18next: ['words.ts'],
  pino: ['web', 'storage', 'mail', 'services.ts', 'logging.ts', 'composition.ts', 'server.ts'],
  commander: ['cli'],
  'prom-client': ['metrics'],
  'node:http': ['web', 'storage', 'server.ts', 'http-server.ts'],
  'node:https': [],
  'node:net': ['config.ts', 'config-values.ts', 'addresses', 'storage', 'mail', 'server.ts'],
  'node:child_process': [],
};

/** The one part of the domain that knows methods, and with them their packages. */
const METHODS = 'src/two-factor/methods/';

/** What a file imports that it may not; empty when all is well. `file` is its path from the project's root. */
export function wrongImports(file: string, source: string): string[] {
  return importsOf(source).flatMap((specifier) => {
    const fault = specifier.startsWith('.') ? wrongArrow(file, specifier) : wrongPackage(file, specifier);
    return fault === undefined ? [] : [`${file} imports ${specifier}: ${fault}`];
  });
}

/** Everything that a source names in an import, an `export … from`, an `import()` or a `require()`. */
export function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const patterns = [
    /^\s*(?:import|export)\b[^'"`;=]*?\bfrom\s*['"]([^'"]+)['"]/gm,
    /^\s*import\s*['"]([^'"]+)['"]/gm,
    /\b(?:import|require)\(\s*(?:['"]([^'"]+)['"]|[^)]*)/g,
  ];
  // An import() of something that is worked out at run time cannot be judged here: its name is "?".
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map(([, specifier]) => specifier ?? '?'));
}

function wrongArrow(file: string, specifier: string): string | undefined {
  const target = path.posix.join(path.posix.dirname(file), specifier);
  const from = placeOf(file);
  const to = placeOf(target);
  if (from === to || ARROWS[from]?.includes(to)) return undefined;
  return `${from} must not know ${to}`;
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

/** Places of the source that no rule speaks of: a new folder has to say where it stands. */
export function placesWithoutRules(files: readonly string[]): Place[] {
  const places = new Set(files.filter((file) => file.startsWith('src/')).map(placeOf));
  return [...places].filter((place) => ARROWS[place] === undefined);
}

export const MOST_LINES = 300;

/** Folders and files of such names are where things go that nobody found a name for. */
const NAMELESS = /^(?:(?:.*-)?(?:utils?|utilit(?:y|ies)|helpers?|managers?)|commons?|misc|shared)$/i;

/** The parts of a path that say nothing of what is inside. */
export function namelessParts(file: string): string[] {
  return file.split('/').filter((part) => NAMELESS.test(part.split('.')[0] ?? ''));
}

const METHOD_IDS = '(?:app|email)';
const DECISIONS = [
  new RegExp(`[\\w\\])]\\s*[!=]==?\\s*['"\`]${METHOD_IDS}['"\`]`),
  new RegExp(`['"\`]${METHOD_IDS}['"\`]\\s*[!=]==?`),
  new RegExp(`\\bcase\\s*['"\`]${METHOD_IDS}['"\`]`),
  /\bswitch\s*\([^)]*\bmethod(?:Id)?\s*\)/,
];
/** Form fields and kinds of inputs have names of their own that look the same. */
const OTHER_MATTERS = /\b(?:field|name|type|kind)\s*[!=]==?\s*['"`]email['"`]/;

/** The lines that decide by a method's id, which is for the method's own folder to do. */
export function decisionsByMethod(file: string, source: string): string[] {
  if (file.startsWith(METHODS) || file.startsWith('views/two-factor/methods/')) return [];
  return source.split('\n').flatMap((line, index) => {
    const decides = DECISIONS.some((pattern) => pattern.test(line.replace(OTHER_MATTERS, '')));
    return decides ? [`${file}:${index + 1}: ${line.trim()}`] : [];
  });
}
