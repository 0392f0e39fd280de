import assert from 'node:assert/strict';
import type { Link } from '../../../src/accounts/links.ts';
import { newId, newToken } from '../../../src/kernel/identifiers.ts';
import { hours } from '../../../src/kernel/time.ts';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexLinkStore } from '../../../src/storage/links.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { NOW, person, winners } from './people.ts';

const EXPIRY = NOW + hours(1);

export function linksSuite(engine: Engine): void {
  describe('links', () => {
    const database = useDatabase(engine);
    const store = () => new KnexLinkStore(database());
    let accountId: string;
    beforeEach(async () => {
      const account = person();
      await new KnexAccounts(database()).create(account);
      accountId = account.id;
    });
    const keep = async (changes: Partial<Link>): Promise<{ link: Link; hash: string }> => {
      const kept = { link: link(changes), hash: newToken() };
      await store().replace(kept.link, kept.hash);
      return kept;
    };

    it('are found by purpose and token until they expire', async () => {
      const { link: reset, hash } = await keep({ accountId });
      assert.deepEqual(await store().findLive('password reset', hash, EXPIRY - 1), reset);
      assert.equal(await store().findLive('password reset', hash, EXPIRY), undefined);
      assert.equal(await store().findLive('invitation', hash, NOW), undefined);
      assert.equal(await store().findLive('password reset', hash.toUpperCase(), NOW), undefined);
    });

    it('are known as open by purpose and account, until they are used or expire', async () => {
      const { link: invitation } = await keep({ accountId, purpose: 'invitation' });
      const isOpen = (purpose: Link['purpose'], id = accountId, at = NOW) => store().hasLive(purpose, id, at);
      assert.equal(await isOpen('invitation'), true);
      assert.equal(await isOpen('password reset'), false);
      assert.equal(await isOpen('invitation', person().id), false);
      assert.equal(await isOpen('invitation', accountId, invitation.expiresAt), false);
      await store().spend(invitation.id, NOW);
      assert.equal(await isOpen('invitation'), false);
    });

    it('of a sign-up store to whom the account will belong', async () => {
      const signUp = { purpose: 'sign-up', email: 'Zoë@example.org', name: 'Zoë' } as const;
      const { link: kept, hash } = await keep(signUp);
      assert.deepEqual(await store().findLive('sign-up', hash, NOW), kept);
    });

    it('replace the earlier one for the same account, used or not, and no other', async () => {
      const [invitation, earlier] = [
        await keep({ accountId, purpose: 'invitation' }),
        await keep({ accountId }),
      ];
      await store().spend(earlier.link.id, NOW);
      const newer = await keep({ accountId });
      assert.equal(await store().findLive('password reset', earlier.hash, NOW), undefined);
      assert.notEqual(await store().findLive('password reset', newer.hash, NOW), undefined);
      assert.notEqual(await store().findLive('invitation', invitation.hash, NOW), undefined);
      assert.equal(await store().spend(earlier.link.id, NOW), false);
    });

    it('replace the earlier one for the same address, in any spelling', async () => {
      const earlier = await keep({ purpose: 'sign-up', email: 'ann@example.org' });
      const other = await keep({ purpose: 'sign-up', email: 'bob@example.org' });
      await keep({ purpose: 'sign-up', email: 'ANN@example.org' });
      assert.equal(await store().findLive('sign-up', earlier.hash, NOW), undefined);
      assert.notEqual(await store().findLive('sign-up', other.hash, NOW), undefined);
    });

    it('for the set-up exist once', async () => {
      const earlier = await keep({ purpose: 'setup' });
      const newer = await keep({ purpose: 'setup' });
      assert.equal(await store().findLive('setup', earlier.hash, NOW), undefined);
      assert.notEqual(await store().findLive('setup', newer.hash, NOW), undefined);
    });

    it('are left as one when twenty are issued for an account at once', async () => {
      await Promise.all(Array.from({ length: 20 }, () => keep({ accountId })));
      assert.equal((await database()('links')).length, 1);
    });

    it('are used up by one of twenty, and open nothing after that', async () => {
      const { link: reset, hash } = await keep({ accountId });
      assert.equal(await winners(() => store().spend(reset.id, NOW)), 1);
      assert.equal(await store().findLive('password reset', hash, NOW), undefined);
    });

    it('are not used up after they have expired', async () => {
      const { link: reset } = await keep({ accountId });
      assert.equal(await store().spend(reset.id, EXPIRY), false);
    });

    it('of an account are deleted together, those of others stay', async () => {
      const other = person();
      await new KnexAccounts(database()).create(other);
      await keep({ accountId });
      await keep({ accountId, purpose: 'invitation' });
      const theirs = await keep({ accountId: other.id });
      await store().dropFor(accountId);
      assert.deepEqual(
        (await database()('links')).map(({ id }: Link) => id),
        [theirs.link.id],
      );
    });

    it('of an account that only cancel stay when the others are deleted', async () => {
      const cancelling = await keep({ accountId, purpose: 'cancel request' });
      await keep({ accountId });
      await store().dropFor(accountId);
      assert.deepEqual(
        (await database()('links')).map(({ id }: Link) => id),
        [cancelling.link.id],
      );
    });

    it('that have expired are removed, and no others', async () => {
      await keep({ purpose: 'sign-up', email: 'ann@example.org' });
      await keep({ purpose: 'sign-up', email: 'bob@example.org', createdAt: EXPIRY, expiresAt: EXPIRY + 1 });
      await store().forget(EXPIRY);
      assert.deepEqual(
        (await database()('links')).map(({ email }: Link) => email),
        ['bob@example.org'],
      );
    });

    it('are deleted with their account', async () => {
      const { hash } = await keep({ accountId });
      await database()('accounts').delete();
      assert.equal(await store().findLive('password reset', hash, NOW), undefined);
    });
  });
}

function link(changes: Partial<Link>): Link {
  return {
    id: newId(NOW),
    purpose: 'password reset',
    accountId: null,
    email: null,
    name: null,
    createdAt: NOW,
    expiresAt: EXPIRY,
    ...changes,
  };
}
