import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '../..');
const PAGES = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** How a page of docs/apps begins: what it rests on. */
const STATUS =
  /\*\*(Tried|By its (documentation|source)|By the (documentation|source)|By what its makers say|Cannot be connected|Only by)/;

function read(page: string): string {
  return readFileSync(path.join(ROOT, page), 'utf8');
}

/** The anchors that GitHub gives to the headings of a page, and those that the page sets itself. */
function anchorsOf(page: string): Set<string> {
  const text = read(page);
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
  return new Set([...headings, ...[...text.matchAll(/ id="([^"]+)"/g)].map(([, id = '']) => id)]);
}

/** What is wrong with the links of a page to other files of this project; links to other sites are not followed. */
function deadLinks(page: string): string[] {
  const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return links
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [file = '', anchor] = target.split('#');
      const full = file === '' ? page : path.join(path.dirname(page), file);
      if (!existsSync(path.join(ROOT, full))) return true;
      return anchor !== undefined && full.endsWith('.md') && !anchorsOf(full).has(anchor);
    })
    .map((target) => `${page}: ${target}`);
}

describe('The documents', () => {
  it('link only to files and headings that exist', () => {
    assert.ok(PAGES.length > 60, `${PAGES.length} pages`);
    assert.deepEqual(PAGES.flatMap(deadLinks), []);
  });

  it('have an index of the apps that names each page', () => {
    const index = read('docs/apps/README.md');
    const pages = readdirSync(path.join(ROOT, 'docs/apps')).filter((name) => name !== 'README.md');
    assert.deepEqual(
      pages.filter((name) => !index.includes(`](${name})`)),
      [],
    );
  });

  it('say of each app what its page rests on, before the first instruction', () => {
    const pages = PAGES.filter((page) => page.startsWith('docs/apps/') && !page.endsWith('README.md'));
    assert.deepEqual(
      pages.filter((page) => !STATUS.test(read(page).slice(0, 700))),
      [],
    );
  });
});
