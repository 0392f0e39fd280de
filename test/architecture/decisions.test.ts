import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const FOLDER = path.join(import.meta.dirname, '../../docs/decisions');

describe('The decisions', () => {
  it('are numbered one after the other, in their names as in their titles', () => {
    const files = readdirSync(FOLDER).sort();
    const numbers = files.map((file) => Number(/^(\d{4})-[a-z0-9-]+\.md$/.exec(file)?.[1]));
    assert.deepEqual(
      numbers,
      files.map((_, index) => index + 1),
    );
    for (const [index, file] of files.entries()) {
      const [title = ''] = readFileSync(path.join(FOLDER, file), 'utf8').split('\n');
      assert.ok(title.startsWith(`# ${index + 1}. `), `${file}: ${title}`);
    }
  });
});
