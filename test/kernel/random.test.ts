import assert from 'node:assert/strict';
import { systemRandom } from '../../src/kernel/random.ts';

describe('the random source of the system', () => {
  it('returns integers from the whole range below the bound', () => {
    const drawn = Array.from({ length: 400 }, () => systemRandom.integer(10));
    assert.ok(drawn.every((number) => Number.isInteger(number) && number >= 0 && number < 10));
    // Each of the ten is missing in 400 draws with a probability of 5e-19.
    assert.equal(new Set(drawn).size, 10);
  });

  it('returns the requested number of bytes, different each time', () => {
    const drawn = Array.from({ length: 100 }, () => systemRandom.bytes(16));
    assert.ok(drawn.every(({ length }) => length === 16));
    assert.equal(new Set(drawn.map((bytes) => bytes.toString('hex'))).size, 100);
  });
});
