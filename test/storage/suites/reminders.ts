import assert from 'node:assert/strict';
import { newId } from '../../../src/kernel/identifiers.ts';
import type { MethodId } from '../../../src/settings/method-ids.ts';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexAuthenticators } from '../../../src/storage/authenticators.ts';
import { KnexReminderStore } from '../../../src/storage/reminders.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { NOW, person, winners } from './people.ts';

export function remindersSuite(engine: Engine): void {
  describe('reminders', () => {
    const database = useDatabase(engine);
    const store = () => new KnexReminderStore(database());
    const createAccount = async () => {
      const account = person();
      await new KnexAccounts(database()).create(account);
      return account.id;
    };
    const claim = (id: string, at: number, dueSince = NOW, without: readonly MethodId[] = ['app']) =>
      store().claim(id, { dueSince, at, without });

    it('are claimed by one of twenty, once', async () => {
      const [ann, bob] = [await createAccount(), await createAccount()];
      assert.equal(await winners((i) => claim(ann, NOW + i)), 1);
      assert.equal(await claim(ann, NOW + 1000), false);
      assert.equal(await claim(bob, NOW), true, 'another person has reminders of their own');
      assert.equal(await claim('unknown', NOW), false);
    });

    it('are sent again when another is due since the last', async () => {
      const ann = await createAccount();
      assert.equal(await claim(ann, NOW), true);
      assert.equal(await winners((i) => claim(ann, NOW + 100 + i, NOW + 100)), 1);
      assert.equal(await claim(ann, NOW + 200, NOW + 100), false);
    });

    it('can be sent by the next run when the mail server refused, but not because of an older refusal', async () => {
      const ann = await createAccount();
      await claim(ann, NOW);
      await store().release(ann, NOW);
      assert.equal(await claim(ann, NOW + 1), true);
      await store().release(ann, NOW);
      assert.equal(await claim(ann, NOW + 2), false);
    });

    it('are not for people who have one of the methods by now, or are disabled', async () => {
      const [ann, bob, cyd] = [await createAccount(), await createAccount(), await createAccount()];
      const base = { name: 'Phone', data: {}, createdAt: NOW };
      const authenticators = new KnexAuthenticators(database());
      await authenticators.create({ ...base, id: newId(NOW), accountId: ann, method: 'app' });
      await authenticators.create({ ...base, id: newId(NOW), accountId: bob, method: 'email' });
      await new KnexAccounts(database()).disable(cyd, NOW);
      assert.equal(await claim(ann, NOW), false);
      assert.equal(await claim(ann, NOW, NOW, ['email']), true, 'another method is asked for');
      assert.equal(await claim(bob, NOW), true);
      assert.equal(await claim(cyd, NOW), false);
    });
  });
}
