import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const FOLDER = path.join(import.meta.dirname, '../../docs/decisions');

describe('The decisions', () => {
  it('have one number each, the same in the file name and in the title', () => {
    const files = readdirSync(FOLDER).sort();
    const numbers = files.map((file) => Number(/^(\d{4})-[a-z0-9-]+\.md$/.exec(file)?.[1]));
    assert.ok(numbers.every(Number.isInteger), files.join());
    assert.equal(new Set(numbers).size, files.length);
    for (const [index, file] of files.entries()) {
      const [title = ''] = readFileSync(path.join(FOLDER, file), 'utf8').split('\n');
      assert.ok(title.startsWith(`# ${numbers[index]}. `), `${file}: ${title}`);
    }
  });
});
