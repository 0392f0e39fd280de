import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { accessibilityTree } from './accessibility-tree.ts';
import { allStates } from './states/all.ts';
import type { State } from './states/studio.ts';
import { launchChromium, Viewer } from './viewer.ts';

const FOLDER = path.join(import.meta.dirname, 'snapshots');
/** Set by `npm run snapshots`: the trees are written, and have to be read before the commit. */
const WRITES = process.env['WRITE_SNAPSHOTS'] === 'yes';

/** The parts of a tree that are the same on most pages. */
const SURROUNDINGS = ['link "Skip to main content"', 'banner', 'contentinfo', 'status'];

describe('The accessibility tree of each page in each state', () => {
  let browser: Browser;
  let viewer: Viewer;
  let now: ReadonlyMap<string, string>;

  before(async function () {
    this.timeout(600_000);
    browser = await launchChromium({ draws: false });
    viewer = await Viewer.open(browser, { viewport: { width: 1280, height: 1024 } });
    // Countdowns show their first value, however slow the machine.
    await viewer.page.clock.setFixedTime(0);
    now = await snapshots(viewer, (await allStates()).states);
    if (WRITES) write(now);
  });
  after(async () => {
    await viewer?.close();
    await browser?.close();
  });

  it('is the approved one (after a change: npm run snapshots, and read the diff)', () => {
    assert.ok(now.size > 30, `${now.size} pages`);
    const changes = [...now].flatMap(([name, text]) => differences(name, text));
    if (changes.length > 0)
      assert.fail([`${changes.length} pages are told otherwise:`, ...changes].join('\n\n'));
  });

  it('has no placeholder without a value', () => {
    const left = [...now].flatMap(([name, text]) => (text.includes('{{') ? name : []));
    assert.deepEqual(left, []);
  });

  it('is stored for no page that no longer exists', () => {
    assert.deepEqual(readdirSync(FOLDER).sort(), [...now.keys()].sort());
  });

  it('is the same table if a narrow screen stacks its rows', async () => {
    const { states } = await allStates();
    const state = states.find(({ name }) => name === 'people/found');
    assert.ok(state);
    await viewer.shows(state);
    const wide = tableIn(await accessibilityTree(viewer.page));
    await viewer.page.setViewportSize({ width: 320, height: 640 });
    const narrow = tableIn(await accessibilityTree(viewer.page));
    assert.match(wide, /columnheader "Name" \| columnheader "Email"/);
    assert.equal(narrow, wide);
  });
});

/** The text of each file by its name: a page in all of its states. */
async function snapshots(viewer: Viewer, states: readonly State[]): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const [page, all] of Map.groupBy(states, ({ name }) => name.split('/')[0] ?? '')) {
    const told = new Set<string>();
    const sections: string[] = [];
    for (const state of all) {
      await viewer.shows(state);
      const tree = await accessibilityTree(viewer.page);
      sections.push(`# ${state.name}\n\n${withoutRepetition(tree, told)}`);
    }
    files.set(`${page}.txt`, sections.join('\n'));
  }
  return files;
}

/** Leaves out landmarks that were already listed in the same file; new ones are recorded in `told`. */
function withoutRepetition(tree: string, told: Set<string>): string {
  const parts = tree.split(/^(?= {2}\S)/m).map((part) => {
    const title = part.slice(0, part.indexOf('\n')).trim();
    if (!SURROUNDINGS.includes(title)) return part;
    const isTold = told.has(part);
    told.add(part);
    return isTold ? '' : part;
  });
  return parts.join('');
}

function write(files: ReadonlyMap<string, string>): void {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER);
  for (const [name, text] of files) writeFileSync(path.join(FOLDER, name), text);
}

/** The difference from the approved text, as `diff -u` prints it. */
function differences(name: string, text: string): string[] {
  const file = path.join(FOLDER, name);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return [];
  const options = ['-u', '-N', '--label', `${name} (approved)`, '--label', `${name} (now)`];
  const { stdout, stderr } = spawnSync('diff', [...options, file, '-'], { input: text, encoding: 'utf8' });
  return [stdout || `${name}: ${stderr}`];
}

function tableIn(tree: string): string {
  return /^ *table[\s\S]*?(?=^ {4}\S)/m.exec(tree)?.[0] ?? '';
}
