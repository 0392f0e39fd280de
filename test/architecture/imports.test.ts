import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { METHOD_IDS } from '../../src/settings/method-ids.ts';
import { drawRooms, PICTURE } from './draw.ts';
import {
  ARROWS,
  circlesOf,
  decisionsByMethod,
  fileGraph,
  formsByHand,
  importsOf,
  MOST_LINES,
  namelessParts,
  placeGraph,
  placesWithoutRules,
  wholeServices,
  wrongImports,
} from './rules.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const sources = read('src/**/*.{ts,js}');
const views = read('{views,src/two-factor/methods}/**/*.ejs');
const everything = [
  ...sources.keys(),
  ...views.keys(),
  ...read('{test,migrations,public,locales}/**/*.*').keys(),
];

describe('the architecture', () => {
  it('is checked in the real sources', () => {
    for (const file of [
      'src/app.ts',
      'src/composition.ts',
      'src/storage/sql/database.ts',
      'src/policy/policy.ts',
    ]) {
      assert.ok(sources.has(file), file);
    }
    assert.ok(views.has('views/layouts/page.ejs'));
    assert.ok(views.has('src/two-factor/methods/app/views/scan.ejs'));
    assert.ok(sources.size > 50);
  });

  it('has arrows in one direction: pages to web and domain, storage to the domain', () => {
    assert.deepEqual(inAll(sources, wrongImports), []);
  });

  it('allows no arrow that nothing uses', () => {
    const graph = placeGraph(fileGraph(new Map([...sources, ...read('{migrations,locales}/**/*.*')])));
    const unused = Object.entries(ARROWS).flatMap(([from, targets]) =>
      targets.filter((to) => !graph.get(from)?.includes(to)).map((to) => `${from} -> ${to}`),
    );
    assert.deepEqual(unused, []);
  });

  it('has no circle of files or folders', () => {
    const files = fileGraph(sources);
    assert.deepEqual(circlesOf(files), []);
    assert.deepEqual(circlesOf(placeGraph(files)), []);
    assert.deepEqual(circlesOf(new Map(Object.entries(ARROWS))), []);
  });

  it('is drawn as it is in docs/pictures/rooms.svg (npm run architecture)', () => {
    assert.equal(readFileSync(PICTURE, 'utf8'), drawRooms());
  });

  it('has a rule for every folder and file of src', () => {
    assert.deepEqual(placesWithoutRules([...sources.keys()]), []);
  });

  it('writes to the audit log in one place, which adds entries and changes none; only the command line removes old ones', () => {
    const writing = [...sources].filter(([, source]) => source.includes("'audit_events'"));
    assert.deepEqual(
      writing.map(([file]) => file),
      ['src/storage/audit.ts'],
    );
    assert.doesNotMatch(sources.get('src/storage/audit.ts') ?? '', /\.(update|merge|truncate|del)\(/);
    const calling = (name: RegExp) =>
      [...sources].filter(([, source]) => name.test(source)).map(([file]) => file);
    assert.deepEqual(calling(/\.removeBefore\(/), ['src/audit/audit.ts']);
    assert.deepEqual(calling(/audit\.prune\(/), ['src/cli/exports.ts']);
  });

  it('records audit events in the domain, whatever the entry point', () => {
    const doors = /^src\/(?:web|pages|files|cli)\//;
    const recording = [...sources].filter(
      ([file, source]) => doors.test(file) && /\baudit\s*\.record(?:Each)?\(/.test(source),
    );
    // Only the error pages know of a denial; only the command line restores and rotates keys.
    assert.deepEqual(recording.map(([file]) => file).sort(), [
      'src/cli/backup.ts',
      'src/cli/maintenance.ts',
      'src/web/errors.ts',
    ]);
  });

  it('keeps sessions, forms and rendering out of the guard: it uses four files of web', () => {
    const used = [...fileGraph(sources)]
      .filter(([file]) => file.startsWith('src/guard/'))
      .flatMap(([, targets]) => targets.filter((target) => target.startsWith('src/web/')));
    assert.deepEqual(
      [...new Set(used)].sort(),
      ['client-address', 'context', 'cookies', 'paths'].map((name) => `src/web/${name}.ts`),
    );
  });

  it('parses client addresses in one place, which normalises them', () => {
    const reading = [...sources].filter(([, source]) =>
      /\bip: \w+ }|\.ips?\b(?! ?\()|remoteAddress/.test(source),
    );
    assert.deepEqual(
      reading.map(([file]) => file),
      ['src/web/client-address.ts'],
    );
  });

  it(`has no file of more than ${MOST_LINES} lines in src`, () => {
    const long = [...sources].filter(([, source]) => source.trimEnd().split('\n').length > MOST_LINES);
    assert.deepEqual(
      long.map(([file]) => file),
      [],
    );
  });

  it('has no folder or file for things without a name', () => {
    assert.deepEqual(
      everything.filter((file) => namelessParts(file).length > 0),
      [],
    );
  });

  it('redirects by one function, which makes locations absolute and works with text browsers', () => {
    const redirecting = [...sources].filter(
      ([file, source]) => /^src\/(?:web|pages|app)\b/.test(file) && /\.(?:redirect|location)\(/.test(source),
    );
    assert.deepEqual(
      redirecting.map(([file]) => file),
      ['src/web/redirects.ts'],
    );
  });

  it('opens every POST form in the partial that adds the CSRF token, or in that for apps', () => {
    assert.deepEqual(inAll(views, formsByHand), []);
  });

  it('lets no page take all services: each picks those that it uses', () => {
    assert.deepEqual(inAll(sources, wholeServices), []);
  });

  it('decides by the id of a method only in the folder of that method', () => {
    assert.deepEqual([...inAll(sources, decisionsByMethod), ...inAll(views, decisionsByMethod)], []);
  });
});

describe('the check of imports', () => {
  it('finds every kind of import', () => {
    const source = `
      import a from 'a';
      import type { B } from "b";
      import {
        c,
        type D,
      } from './c.ts';
      import 'd';
      export { e } from './e.ts';
      export * from './f.ts';
      const g = await import('g');
      const h = require('h');
      const i = await import(name);
      // import j from 'j';
      /* import k from 'k'; */
      const text = "import l from 'l'";
      export const from = 'm';`;
    assert.deepEqual(importsOf(source).sort(), ['./c.ts', './e.ts', './f.ts', '?', 'a', 'b', 'd', 'g', 'h']);
  });

  const wrong: readonly (readonly [file: string, specifier: string])[] = [
    ['src/accounts/accounts.ts', 'express'],
    ['src/accounts/accounts.ts', 'knex'],
    ['src/policy/policy.ts', 'ejs'],
    ['src/codes/mailed-codes.ts', 'nodemailer'],
    ['src/limits/failure-backoff.ts', 'redis'],
    ['src/audit/audit.ts', 'pino'],
    ['src/audit/audit.ts', '../pages/home.ts'],
    ['src/policy/policy.ts', '../web/session.ts'],
    ['src/accounts/accounts.ts', '../storage/accounts.ts'],
    ['src/accounts/registration.ts', '../mail/letters.ts'],
    ['src/accounts/accounts.ts', '../two-factor/authenticator.ts'],
    ['src/two-factor/second-step.ts', '../policy/policies.ts'],
    ['src/policy/policies.ts', '../sign-in/trusted-browsers.ts'],
    ['src/kernel/time.ts', '../limits/throttle.ts'],
    ['src/two-factor/methods/app/app-method.ts', '../../../web/forms.ts'],
    ['src/policy/policy.ts', 'otplib'],
    ['src/accounts/accounts.ts', '../services.ts'],
    ['src/kernel/keyring.ts', '../accounts/account.ts'],
    ['src/storage/accounts.ts', '../web/session.ts'],
    ['src/storage/accounts.ts', '../pages/home.ts'],
    ['src/storage/mails.ts', '../mail/letters.ts'],
    ['src/storage/sessions.ts', 'express'],
    ['src/mail/letters.ts', '../web/rendering.ts'],
    ['src/mail/letters.ts', '../storage/settings.ts'],
    ['src/web/session.ts', '../storage/sessions.ts'],
    ['src/web/session.ts', '../pages/home.ts'],
    ['src/web/session.ts', '../portal.ts'],
    ['src/web/context.ts', '../services.ts'],
    ['src/pages/home.ts', '../storage/accounts.ts'],
    ['src/pages/home.ts', '../mail/letters.ts'],
    ['src/pages/home.ts', '../portal.ts'],
    ['src/pages/home.ts', 'knex'],
    ['src/app.ts', './storage/sql/database.ts'],
    ['src/app.ts', './portal.ts'],
    ['src/services.ts', './storage/sql/database.ts'],
    ['src/services.ts', './accounts/compose.ts'],
    ['src/administration/administration.ts', '../accounts/compose.ts'],
    ['src/composition.ts', 'knex'],
    ['src/main.ts', './storage/sql/database.ts'],
    ['src/boot/server.ts', '../portal.ts'],
    ['src/boot/server.ts', '../app.ts'],
    ['src/cli.ts', './mail/letters.ts'],
    ['src/composition.ts', './pages/home.ts'],
    ['src/portal.ts', './pages/home.ts'],
    ['src/somewhere-new/thing.ts', '../kernel/time.ts'],
    ['src/web/assets.ts', 'left-pad'],
    ['src/accounts/passwords.ts', 'node:child_process'],
  ];
  for (const [file, specifier] of wrong) {
    it(`refuses ${specifier} in ${file}, also for types`, () => {
      assert.equal(wrongImports(file, `import { x } from '${specifier}';`).length, 1);
      assert.equal(wrongImports(file, `import type { X } from '${specifier}';`).length, 1);
      assert.equal(wrongImports(file, `export * from '${specifier}';`).length, 1);
    });
  }

  const right: readonly (readonly [file: string, specifier: string])[] = [
    ['src/pages/home.ts', '../web/guards.ts'],
    ['src/pages/home.ts', '../policy/policy.ts'],
    ['src/accounts/registration.ts', '../mail/mailer.ts'],
    ['src/web/context.ts', 'express'],
    ['src/web/session.ts', '../sign-in/session-state.ts'],
    ['src/storage/accounts.ts', '../accounts/accounts.ts'],
    ['src/storage/sql/migrations.ts', '../../../migrations/0001-accounts.ts'],
    ['src/mail/letters.ts', '../kernel/i18n.ts'],
    ['src/two-factor/methods/app/totp.ts', 'otplib'],
    ['src/two-factor/methods/app/totp.ts', '../../../kernel/time.ts'],
    ['src/accounts/account.ts', '../kernel/time.ts'],
    ['src/accounts/passwords.ts', 'node:crypto'],
    ['src/composition.ts', './accounts/compose.ts'],
    ['src/portal.ts', './storage/sql/database.ts'],
    ['src/portal.ts', './mail/compose.ts'],
    ['src/main.ts', './boot/server.ts'],
    ['src/main.ts', './portal.ts'],
  ];
  for (const [file, specifier] of right) {
    it(`allows ${specifier} in ${file}`, () => {
      assert.deepEqual(wrongImports(file, `import { x } from '${specifier}';`), []);
    });
  }

  it('finds circles, however long', () => {
    const graph = { a: ['b'], b: ['c', 'd'], c: ['a'], d: ['e'], e: [], f: ['f', 'g'], g: ['f'] };
    assert.deepEqual(circlesOf(new Map(Object.entries(graph))), [
      ['a', 'b', 'c'],
      ['f', 'g'],
    ]);
    assert.deepEqual(circlesOf(new Map(Object.entries({ a: ['b', 'c'], b: ['c'], c: [] }))), []);
  });

  it('refuses specifiers that are computed at run time', () => {
    assert.equal(wrongImports('src/pages/home.ts', 'await import(nameOf(adapter));').length, 1);
  });

  it('notices a folder without a rule', () => {
    assert.deepEqual(
      placesWithoutRules(['src/web/forms.ts', 'src/somewhere-new/thing.ts', 'src/kernel/time.ts']),
      ['somewhere-new'],
    );
  });
});

describe('the check of names', () => {
  it('finds folders and files for things without a name, also in the plural and with endings', () => {
    const files = [
      'src/utils/a.ts',
      'src/web/helpers.ts',
      'src/common.ts',
      'test/support/session-manager.ts',
      'views/shared/a.ejs',
    ];
    for (const file of files) assert.equal(namelessParts(file).length, 1, file);
    for (const file of ['src/web/forms.ts', 'src/management/a.ts', 'src/accounts/common-passwords.ts'])
      assert.deepEqual(namelessParts(file), [], file);
  });
});

describe('the check of forms', () => {
  const view = 'views/profile/name.ejs';

  it('finds POST forms and CSRF tokens, however they are written', () => {
    for (const line of [
      '<form method="post" action="/profile/name">',
      `<FORM action='/profile/name' class="wide"\n  METHOD=POST>`,
      '<form action="<%= path > 0 ? path : other %>" method="post">',
      '<button formmethod="post">',
      '<input type="hidden" name="_csrf">',
      '<%= csrfToken %>',
    ]) {
      assert.equal(formsByHand(view, line).length, 1, line);
    }
  });

  it('ignores searches and the partial itself', () => {
    assert.deepEqual(formsByHand(view, '<form method="get" action="/admin/people">'), []);
    assert.deepEqual(formsByHand(view, `<%- include('/partials/form', { action: '/sign-in' }) -%>`), []);
    const partial = 'views/partials/form.ejs';
    assert.deepEqual(formsByHand(partial, '<form method="post"><input name="_csrf">'), []);
  });

  it('refuses the token in forms to an app', () => {
    const toApp = 'views/partials/form-to-app.ejs';
    assert.deepEqual(formsByHand(toApp, '<form method="post" action="<%= action %>">'), []);
    assert.equal(formsByHand(toApp, '<input name="t" value="<%= csrfToken %>">').length, 1);
  });
});

describe('the check of services', () => {
  const page = 'src/pages/profile/name.ts';
  const routes = 'src/pages/profile/routes.ts';

  it('refuses all services in a page, in any form', () => {
    for (const line of [
      'export function namePage(addPage: AddPage, services: PageServices): void {',
      'function show({ renderer }: PageServices) {',
      "type NameServices = Omit<PageServices, 'clock'>;",
      'type NameServices = Pick<PageServices, keyof PageServices>;',
      "import type { Services } from '../../services.ts';",
    ]) {
      assert.equal(wholeServices(page, line).length, 1, line);
    }
  });

  it('refuses them in routes, except in the function that hands them over', () => {
    assert.equal(wholeServices(routes, 'function remove({ audit }: PageServices) {').length, 1);
    const handing = 'export function profilePages(addPage: AddPage, services: PageServices): void {';
    assert.deepEqual(wholeServices(routes, handing), []);
  });

  it('allows a page to pick some', () => {
    for (const line of [
      "type NameServices = Pick<PageServices, 'guards' | 'renderer'>;",
      "type NameServices = Pick<\n  PageServices,\n  'guards' | 'renderer'\n>;",
      "function cookie({ baseUrl }: PageServices['site']) {",
      "import type { PageServices } from '../page-services.ts';",
    ]) {
      assert.deepEqual(wholeServices(page, line), [], line);
    }
  });

  it('ignores files that are not pages', () => {
    assert.deepEqual(wholeServices('src/app.ts', 'const pages: PageServices = {'), []);
  });
});

describe('the check of decisions by method', () => {
  const decides = (line: string, file = 'src/pages/two-factor/overview.ts') =>
    decisionsByMethod(file, line).length === 1;

  it('knows every existing method', () => {
    for (const id of METHOD_IDS) assert.ok(decides(`if (method === '${id}') go();`), id);
  });

  it('finds comparisons from either side, cases and switches', () => {
    for (const line of [
      `authenticator.method === 'email' ? a : b`,
      `if ('app' !== id) return;`,
      `<% if (row.method == "app") { %>`,
      `if (methods[0] === 'app')`,
      `      case 'email':`,
      'switch (authenticator.method) {',
    ]) {
      assert.ok(decides(line), line);
    }
  });

  it('ignores form fields, other switches and the folders of the methods', () => {
    for (const line of [
      `if (field === 'email') return;`,
      'switch (outcome.kind) {',
      `t('email.title')`,
      `name: 'email',`,
    ]) {
      assert.ok(!decides(line), line);
    }
    const own = `if (method === 'app') go();`;
    assert.ok(!decides(own, 'src/two-factor/methods/app/app-method.ts'));
    assert.ok(!decides(own, 'src/two-factor/methods/app/views/scan.ejs'));
  });
});

/** The contents of the project's files by their paths from its root. */
function read(pattern: string): ReadonlyMap<string, string> {
  const files = globSync(pattern, { cwd: ROOT }).toSorted();
  return new Map(files.map((file) => [file, readFileSync(path.join(ROOT, file), 'utf8')]));
}

function inAll(
  files: ReadonlyMap<string, string>,
  check: (file: string, source: string) => string[],
): string[] {
  return [...files].flatMap(([file, source]) => check(file, source));
}
