import assert from 'node:assert/strict';
import { LineTooLong, linesOf } from '../../src/cli/lines.ts';

async function* pieces(...texts: readonly (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

describe('Lines', () => {
  it('are assembled from chunks, also inside multi-byte letters', async () => {
    const owl = Buffer.from('🦉');
    const found = linesOf(pieces('a', 'b\nc\n', '\nd', owl.subarray(0, 2), owl.subarray(2), 'e\nlast'), 100);
    assert.deepEqual(await Array.fromAsync(found), ['ab', 'c', '', 'd🦉e', 'last']);
    assert.deepEqual(await Array.fromAsync(linesOf(pieces('a\n'), 100)), ['a']);
    assert.deepEqual(await Array.fromAsync(linesOf(pieces(), 100)), []);
  });

  it('without an end are abandoned: no more is read than the maximum length of a line', async () => {
    let read = 0;
    async function* endless() {
      yield Buffer.from('short\n');
      for (;;) {
        read += 1;
        yield Buffer.alloc(1000, 'x');
      }
    }
    const seen: string[] = [];
    await assert.rejects(async () => {
      for await (const line of linesOf(endless(), 10_000)) seen.push(line);
    }, LineTooLong);
    assert.deepEqual([seen, read], [['short'], 11]);
  });
});
