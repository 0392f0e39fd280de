import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '../..');

interface NamedTest {
  readonly file: string;
  readonly title: string;
}

/** Every `file` of the page with the quoted titles after it, up to the next file. */
function namedTests(page: string): NamedTest[] {
  return page.split('\n').flatMap((line) => {
    const [, ...parts] = line.split(/`(test\/[\w/.-]+\.ts)`/);
    return parts.flatMap((part, index) => (index % 2 === 0 ? titlesOf(part, parts[index + 1] ?? '') : []));
  });
}

function titlesOf(file: string, text: string): NamedTest[] {
  return [...text.matchAll(/"([^"]+)"/g)].map(([, title = '']) => ({ file, title }));
}

/** Whether the file has a test whose title contains this text. */
function hasTest(source: string, title: string): boolean {
  const titles = [
    ...source.matchAll(/\b(?:it|describe|onBothStores|onPortal)\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gs),
  ];
  return titles.some(([, , text = '']) => text.replaceAll("\\'", "'").includes(title));
}

describe('The page of standards', () => {
  const page = readFileSync(path.join(ROOT, 'docs/standards.md'), 'utf8');
  const named = namedTests(page);

  it('names only tests that exist', () => {
    assert.ok(named.length > 100, `${named.length} tests are named`);
    const missing = named.filter(({ file, title }) => {
      const full = path.join(ROOT, file);
      return !existsSync(full) || !hasTest(readFileSync(full, 'utf8'), title);
    });
    assert.deepEqual(missing, []);
  });

  it('names for every row a test, or the reason why it is not met', () => {
    const rows = page.split('\n').filter((line) => /^\| (?!id|§|source|-)/.test(line));
    assert.ok(rows.length > 90, `${rows.length} rows`);
    const bare = rows.filter((row) => namedTests(row).length === 0);
    const reason =
      /Met by leaving|Met in part|Not met|Not offered|Not done|no test shows it|no automated test/;
    assert.deepEqual(
      bare.filter((row) => !reason.test(row)),
      [],
    );
  });

  it('uses every attack', () => {
    const attacks = readdirSync(path.join(ROOT, 'test/attacks')).filter((name) => name.endsWith('.test.ts'));
    const unused = attacks.filter((name) => !page.includes(`test/attacks/${name}`));
    assert.deepEqual(unused, []);
  });

  it('does not find a test that does not exist', () => {
    assert.ok(hasTest(`it("Ann's door", () => {})`, "Ann's door"));
    assert.ok(hasTest("it('Ann\\'s door is shut', () => {})", "Ann's door"));
    assert.ok(!hasTest("// it is Ann's door\nit('a door', () => {})", "Ann's door"));
    assert.deepEqual(namedTests('`test/a.ts` "x" and "y"; `test/b.ts` "z"'), [
      { file: 'test/a.ts', title: 'x' },
      { file: 'test/a.ts', title: 'y' },
      { file: 'test/b.ts', title: 'z' },
    ]);
  });
});
