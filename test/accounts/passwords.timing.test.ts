import assert from 'node:assert/strict';
import { hashPassword, verifyPassword } from '../../src/accounts/passwords.ts';

const GOOD = 'seventeen green herons';

describe('a password hash', () => {
  it('never matches if there is none, and takes as long', async () => {
    const start = performance.now();
    assert.equal(await verifyPassword(GOOD, await hashPassword(GOOD)), true);
    const both = performance.now() - start;
    const then = performance.now();
    assert.equal(await verifyPassword(GOOD, null), false);
    assert.ok(performance.now() - then > both / 8);
  });
});
