import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { PNG } from 'pngjs';
import { loadWords } from '../../src/kernel/i18n.ts';
import { GUIDE } from '../../src/pages/help/guide.ts';
import { GUIDE_PICTURES, pictureFile, userGuide } from '../browser/pictures/guide.ts';

const DOCS = path.join(import.meta.dirname, '../../docs');
const LARGEST = 25 * 1024;

describe('The user guide', () => {
  const guide = readFileSync(path.join(DOCS, 'user-guide.md'), 'utf8');

  it('has the text of the served page: after a change of texts, "npm run guide" renews it', () => {
    assert.equal(guide, userGuide(loadWords().for('en')));
    assert.doesNotMatch(guide, /\{\{|undefined|<(link|hidden|contact)/);
  });

  it('has pictures of its sections and no others, each small, with alternative text', () => {
    const ids = new Set(GUIDE.map(({ id }) => id));
    const pictures = Object.entries(GUIDE_PICTURES).flatMap(([section, ofSection]) => {
      assert.ok(ids.has(section), section);
      return ofSection;
    });
    assert.ok(pictures.length > 8);
    for (const { state, alt } of pictures) {
      const file = path.join(DOCS, 'pictures', pictureFile(state));
      assert.ok(statSync(file).size < LARGEST, file);
      assert.ok(PNG.sync.read(readFileSync(file)).width > 300, file);
      assert.match(alt, /^[A-Z].{40,}\.$/);
      assert.ok(guide.includes(`![${alt}](pictures/${pictureFile(state)})`));
    }
  });
});
