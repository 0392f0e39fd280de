import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { METHOD_IDS } from '../../src/two-factor/method.ts';
import {
  decisionsByMethod,
  importsOf,
  MOST_LINES,
  namelessParts,
  placesWithoutRules,
  wrongImports,
} from './rules.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const sources = read('src/**/*.{ts,js}');
const views = read('views/**/*.ejs');
const everything = [
  ...sources.keys(),
  ...views.keys(),
  ...read('{test,migrations,public,locales}/**/*.*').keys(),
];

describe('the architecture', () => {
  it('is looked at in the real sources', () => {
    for (const file of [
      'src/app.ts',
      'src/composition.ts',
      'src/storage/database.ts',
      'src/two-factor/policy.ts',
    ]) {
      assert.ok(sources.has(file), file);
    }
    assert.ok(views.has('views/layouts/page.ejs'));
    assert.ok(sources.size > 50);
  });

  it('has arrows that run one way: pages to web and domain, storage and mail to the domain', () => {
    assert.deepEqual(inAll(sources, wrongImports), []);
  });

  it('has a rule for every folder and file of src', () => {
    assert.deepEqual(placesWithoutRules([...sources.keys()]), []);
  });

  it('writes to the audit log in one place, which adds entries and changes none; the command line alone removes old ones', () => {
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

  it('decides by the id of a method in the folder of the method alone', () => {
    assert.deepEqual([...inAll(sources, decisionsByMethod), ...inAll(views, decisionsByMethod)], []);
  });
});

describe('the check of imports', () => {
  it('finds every way to import', () => {
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
    ['src/two-factor/policy.ts', 'ejs'],
    ['src/post/post.ts', 'nodemailer'],
    ['src/limits/throttle.ts', 'redis'],
    ['src/audit/audit.ts', 'pino'],
    ['src/audit/audit.ts', '../pages/home/routes.ts'],
    ['src/two-factor/policy.ts', '../web/session.ts'],
    ['src/accounts/accounts.ts', '../storage/accounts.ts'],
    ['src/post/post.ts', '../mail/letters.ts'],
    ['src/two-factor/methods/app/app-method.ts', '../../../web/forms.ts'],
    ['src/two-factor/policy.ts', 'otplib'],
    ['src/accounts/accounts.ts', '../services.ts'],
    ['src/accounts/accounts.ts', '../words.ts'],
    ['src/keyring.ts', './accounts/account.ts'],
    ['src/storage/accounts.ts', '../web/session.ts'],
    ['src/storage/accounts.ts', '../pages/home/routes.ts'],
    ['src/storage/accounts.ts', '../mail/letters.ts'],
    ['src/storage/sessions.ts', 'express'],
    ['src/mail/letters.ts', '../web/rendering.ts'],
    ['src/mail/letters.ts', '../storage/settings.ts'],
    ['src/web/session.ts', '../storage/sessions.ts'],
    ['src/web/session.ts', '../pages/home/routes.ts'],
    ['src/web/session.ts', '../composition.ts'],
    ['src/pages/home/routes.ts', '../../storage/accounts.ts'],
    ['src/pages/home/routes.ts', '../../mail/letters.ts'],
    ['src/pages/home/routes.ts', '../../composition.ts'],
    ['src/pages/home/routes.ts', 'knex'],
    ['src/app.ts', './storage/database.ts'],
    ['src/app.ts', './composition.ts'],
    ['src/services.ts', './storage/database.ts'],
    ['src/main.ts', './composition.ts'],
    ['src/server.ts', './storage/database.ts'],
    ['src/cli.ts', './mail/letters.ts'],
    ['src/composition.ts', './pages/home/routes.ts'],
    ['src/somewhere-new/thing.ts', '../time.ts'],
    ['src/web/assets.ts', 'left-pad'],
    ['src/accounts/passwords.ts', 'node:child_process'],
  ];
  for (const [file, specifier] of wrong) {
    it(`refuses ${specifier} in ${file}, for its types, too`, () => {
      assert.equal(wrongImports(file, `import { x } from '${specifier}';`).length, 1);
      assert.equal(wrongImports(file, `import type { X } from '${specifier}';`).length, 1);
      assert.equal(wrongImports(file, `export * from '${specifier}';`).length, 1);
    });
  }

  const right: readonly (readonly [file: string, specifier: string])[] = [
    ['src/pages/home/routes.ts', '../../web/guards.ts'],
    ['src/pages/home/routes.ts', '../../two-factor/policy.ts'],
    ['src/web/visit.ts', 'express'],
    ['src/web/session.ts', '../two-factor/method.ts'],
    ['src/storage/accounts.ts', '../accounts/accounts.ts'],
    ['src/storage/migrations.ts', '../../migrations/0001-accounts.ts'],
    ['src/mail/letters.ts', '../words.ts'],
    ['src/two-factor/methods/app/totp.ts', 'otplib'],
    ['src/two-factor/methods/app/totp.ts', '../../../time.ts'],
    ['src/accounts/account.ts', '../time.ts'],
    ['src/accounts/passwords.ts', 'node:crypto'],
    ['src/composition.ts', './storage/database.ts'],
    ['src/server.ts', './composition.ts'],
    ['src/main.ts', './server.ts'],
  ];
  for (const [file, specifier] of right) {
    it(`allows ${specifier} in ${file}`, () => {
      assert.deepEqual(wrongImports(file, `import { x } from '${specifier}';`), []);
    });
  }

  it('refuses what is worked out at run time', () => {
    assert.equal(wrongImports('src/pages/home/routes.ts', 'await import(nameOf(adapter));').length, 1);
  });

  it('notices a folder without a rule', () => {
    assert.deepEqual(placesWithoutRules(['src/web/forms.ts', 'src/somewhere-new/thing.ts', 'src/time.ts']), [
      'somewhere-new',
    ]);
  });
});

describe('the check of names', () => {
  it('finds folders and files for things without a name, in the plural and with endings', () => {
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

describe('the check of decisions by method', () => {
  const decides = (line: string, file = 'src/pages/two-factor/overview.ts') =>
    decisionsByMethod(file, line).length === 1;

  it('knows every method that there is', () => {
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

  it('leaves form fields, other switches and the folders of the methods alone', () => {
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
    assert.ok(!decides(own, 'views/two-factor/methods/app/scan.ejs'));
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
