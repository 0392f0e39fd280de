import assert from 'node:assert/strict';
import { PasswordHasher } from '../../src/accounts/password-hasher.ts';

const GOOD = 'seventeen green herons';

const hasher = new PasswordHasher();

describe('a password hash', () => {
  it('never matches if there is none, and takes as long', async () => {
    const start = performance.now();
    assert.equal(await hasher.verify(GOOD, await hasher.hash(GOOD)), true);
    const both = performance.now() - start;
    const then = performance.now();
    assert.equal(await hasher.verify(GOOD, null), false);
    assert.ok(performance.now() - then > both / 8);
  });
});
