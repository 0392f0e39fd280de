import assert from 'node:assert/strict';
import { REAL_HASHER } from '../support/password-hashing.ts';
import { ORIGIN, useAccounts } from './accounts-under-test.ts';

describe('signing in with a password', () => {
  const open = useAccounts(REAL_HASHER);

  it('takes about as long without an account as with one', async () => {
    const { account, passwordSignIn } = open();
    await account('ann@example.org');
    const time = async (email: string) => {
      const start = performance.now();
      await passwordSignIn.check(email, 'a wrong password', ORIGIN);
      return performance.now() - start;
    };
    await time('ann@example.org');
    const known = await time('ann@example.org');
    const unknown = await time('nobody@example.org');
    assert.ok(unknown > known / 4, `${unknown} ms against ${known} ms`);
  });
});
