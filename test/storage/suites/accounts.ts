import assert from 'node:assert/strict';
import type { NewAccount } from '../../../src/accounts/accounts.ts';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexPeople } from '../../../src/storage/people.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { member, NOW, person, winners } from './people.ts';

export function accountsSuite(engine: Engine): void {
  describe('accounts', () => {
    const database = useDatabase(engine);
    const accounts = () => new KnexAccounts(database());
    const people = () => new KnexPeople(database());

    it('are created in bulk: those whose address is taken are skipped', async () => {
      const taken = person({ email: 'ann@example.org' });
      await accounts().create(taken);
      const newcomers = [member(), member({ email: 'ANN@example.org' }), member()];
      const created = await accounts().createMany(newcomers);
      assert.deepEqual([...created].sort(), [newcomers[0]?.id, newcomers[2]?.id].sort());
      const found = await accounts().findByEmails([
        'Ann@Example.org',
        newcomers[0]?.email ?? '',
        'nobody@example.org',
      ]);
      assert.deepEqual(found.map(({ id }) => id).sort(), [taken.id, newcomers[0]?.id].sort());
    });

    it('are created once each by twenty concurrent imports of the same people', async () => {
      const emails = Array.from({ length: 5 }, (_, index) => `person${index}@example.org`);
      const imports = Array.from({ length: 20 }, (_, time) => {
        // Each in another order, like files.
        const order = emails.map((_, index) => emails[(index + time) % emails.length] ?? '');
        return accounts().createMany(order.map((email) => member({ email })));
      });
      const created = (await Promise.all(imports)).flatMap((ids) => [...ids]);
      const found = await accounts().findByEmails(emails);
      assert.deepEqual(found.map(({ id }) => id).sort(), created.sort());
      assert.equal(created.length, emails.length);
    });

    it('store every part of a new account', async () => {
      const ann = person({ name: 'Ann Šmíd 🗝', locale: 'ar', passwordHash: '$argon2id$v=19$x' });
      assert.equal(await accounts().create(ann), true);
      assert.deepEqual(await accounts().find(ann.id), {
        ...ann,
        emailConfirmedAt: null,
        disabledAt: null,
        sessionEpoch: 0,
        suggestedAt: null,
        lastSignInAt: null,
        enforcement: null,
        resetByMailAt: null,
        factorRemovedAt: null,
        approvesFrom: null,
      });
    });

    it('are not found by an unknown id or address', async () => {
      await accounts().create(person());
      assert.equal(await accounts().find('unknown'), undefined);
      assert.equal(await accounts().findByEmail('unknown@example.org'), undefined);
    });

    it('have case-sensitive ids', async () => {
      await accounts().create(person({ id: 'abc' }));
      assert.equal((await accounts().find('abc'))?.id, 'abc');
      assert.equal(await accounts().find('ABC'), undefined);
    });

    it('are found by any spelling of the address, which is refused to a second account', async () => {
      const ann = person({ email: 'Ann@Example.org' });
      await accounts().create(ann);
      assert.equal((await accounts().findByEmail(' aNN@example.ORG '))?.email, 'Ann@Example.org');
      assert.equal(await accounts().create(person({ email: 'ann@example.org' })), false);
    });

    it('have different addresses with and without an accent', async () => {
      await accounts().create(person({ email: 'rene@example.org' }));
      assert.equal(await accounts().create(person({ email: 'rené@example.org' })), true);
    });

    it('get an address for one of twenty concurrent requests', async () => {
      const won = await winners(() => accounts().create(person({ email: 'ann@example.org' })));
      assert.equal(won, 1);
    });

    it('let one of twenty concurrent requests create the first one', async () => {
      assert.equal(await accounts().isEmpty(), true);
      assert.equal(await winners(() => accounts().createFirst(person({ role: 'administrator' }))), 1);
      assert.equal(await accounts().isEmpty(), false);
      assert.equal((await people().search({ search: '', page: 1, pageSize: 50 })).total, 1);
    });

    it('do not let a first one be created once there is any', async () => {
      await accounts().create(person());
      assert.equal(await accounts().createFirst(person()), false);
    });

    it('store the language of the last sign-in, and keep it if a sign-in has none', async () => {
      const ann = person({ knownLanguage: 'de' });
      await accounts().create(ann);
      const known = async () => (await accounts().find(ann.id))?.knownLanguage;
      assert.equal(await known(), 'de');
      await accounts().recordSignIn(ann.id, 0, NOW, undefined);
      assert.equal(await known(), 'de');
      await accounts().recordSignIn(ann.id, 0, NOW, 'fr');
      assert.equal(await known(), 'fr');
      assert.equal((await accounts().find(ann.id))?.locale, null);
    });

    it('change name, language and last sign-in', async () => {
      const ann = person();
      await accounts().create(ann);
      await accounts().rename(ann.id, 'Ann Jones');
      await accounts().chooseLocale(ann.id, 'ar');
      await accounts().recordSignIn(ann.id, 0, NOW + 1, undefined);
      const found = await accounts().find(ann.id);
      assert.deepEqual([found?.name, found?.locale, found?.lastSignInAt], ['Ann Jones', 'ar', NOW + 1]);
      await accounts().chooseLocale(ann.id, null);
      assert.equal((await accounts().find(ann.id))?.locale, null);
      assert.deepEqual(await names(people(), 'jones'), ['Ann Jones']);
    });

    it('store a reset by mail until the next sign-in of the epoch that it began', async () => {
      const ann = person();
      await accounts().create(ann);
      const resetAt = async () => (await accounts().find(ann.id))?.resetByMailAt;
      assert.equal(await resetAt(), null);
      const epoch = await accounts().resetPassword(ann.id, 'chosen by mail', NOW + 1);
      assert.equal(epoch, 1);
      assert.equal(await resetAt(), NOW + 1);
      await accounts().recordSignIn(ann.id, epoch - 1, NOW + 2, undefined);
      assert.equal(await resetAt(), NOW + 1, 'a sign-in that the reset has overtaken');
      await accounts().recordSignIn(ann.id, epoch, NOW + 3, undefined);
      assert.deepEqual([await resetAt(), (await accounts().find(ann.id))?.lastSignInAt], [null, NOW + 3]);
    });

    it('change an address unless another account has it', async () => {
      const [ann, bob] = [person({ email: 'ann@example.org' }), person({ email: 'bob@example.org' })];
      await accounts().create(ann);
      await accounts().create(bob);
      assert.equal(await accounts().changeEmail(ann.id, 'BOB@example.org', NOW), false);
      assert.equal(await accounts().changeEmail(ann.id, 'ANN@example.org', NOW), true);
      assert.equal(await accounts().changeEmail(ann.id, 'anna@example.org', NOW), true);
      assert.equal((await accounts().findByEmail('anna@example.org'))?.id, ann.id);
      assert.equal(await accounts().findByEmail('ann@example.org'), undefined);
    });

    it('store when the mailbox was first proven, for its address', async () => {
      const ann = person({ email: 'Ann@example.org' });
      const confirmed = async () => (await accounts().find(ann.id))?.emailConfirmedAt;
      await accounts().create(ann);
      await accounts().confirmEmail(ann.id, 'another@example.org', NOW);
      assert.equal(await confirmed(), null, 'another address was proven');
      await accounts().confirmEmail(ann.id, 'ann@EXAMPLE.org', NOW + 1);
      await accounts().confirmEmail(ann.id, 'ann@example.org', NOW + 2);
      assert.equal(await confirmed(), NOW + 1);
      await accounts().changeEmail(ann.id, 'anna@example.org', NOW + 3);
      assert.equal(await confirmed(), NOW + 3);
      const bob = person();
      await accounts().create({ ...bob, emailConfirmedAt: NOW + 4 });
      assert.equal((await accounts().find(bob.id))?.emailConfirmedAt, NOW + 4);
    });

    it('give one address to one of twenty accounts that change to it at once', async () => {
      const people = Array.from({ length: 20 }, () => person());
      for (const each of people) await accounts().create(each);
      const won = await winners((i) => accounts().changeEmail(people[i]?.id ?? '', 'new@example.org', NOW));
      assert.equal(won, 1);
    });

    it('raise the session epoch with a new password and when sessions end, once for each', async () => {
      const ann = person({ passwordHash: 'old' });
      await accounts().create(ann);
      assert.equal(await accounts().changePassword(ann.id, 'new'), 1);
      assert.equal((await accounts().find(ann.id))?.passwordHash, 'new');
      const epochs = await Promise.all(Array.from({ length: 20 }, () => accounts().endSessions(ann.id)));
      assert.deepEqual(
        epochs.sort((a, b) => a - b),
        Array.from({ length: 20 }, (_, i) => i + 2),
      );
    });

    it('end no sessions of an account that does not exist', async () => {
      await assert.rejects(accounts().endSessions('unknown'));
    });

    it('rehash the present password, and no newer one', async () => {
      const ann = person({ passwordHash: 'old' });
      await accounts().create(ann);
      await accounts().rehashPassword(ann.id, 'old', 'stronger');
      await accounts().rehashPassword(ann.id, 'old', 'too late');
      const found = await accounts().find(ann.id);
      assert.deepEqual([found?.passwordHash, found?.sessionEpoch], ['stronger', 0]);
    });

    it('enforce 2FA for one of twenty requests, with its grace, and lift it for one', async () => {
      const ann = person();
      await accounts().create(ann);
      const enforcement = { at: NOW, grace: { kind: 'days', days: 14 } } as const;
      const won = await winners((i) => accounts().enforce(ann.id, { ...enforcement, at: NOW + i }));
      assert.equal(won, 1);
      const enforced = await accounts().find(ann.id);
      assert.deepEqual(enforced?.enforcement?.grace, enforcement.grace);
      assert.ok((enforced?.enforcement?.at ?? 0) >= NOW);
      assert.equal(await winners(() => accounts().enforce(ann.id, null)), 1);
      assert.equal((await accounts().find(ann.id))?.enforcement, null);
      assert.equal(await accounts().enforce('unknown', enforcement), false);
    });

    it('show the suggestion for one of twenty requests, and never again', async () => {
      const ann = person();
      await accounts().create(ann);
      assert.equal(await winners(() => accounts().takeSuggestion(ann.id, NOW)), 1);
      assert.equal(await accounts().takeSuggestion(ann.id, NOW + 1), false);
      assert.equal((await accounts().find(ann.id))?.suggestedAt, NOW);
    });
  });

  describe('people', () => {
    const database = useDatabase(engine);
    const accounts = () => new KnexAccounts(database());
    const people = () => new KnexPeople(database());

    it('are found by a part of name or address, in any case, ordered by name', async () => {
      await accounts().create(person({ name: 'zoe', email: 'z@smith.example' }));
      await accounts().create(person({ name: 'Ann SMITH', email: 'a@example.org' }));
      await accounts().create(person({ name: 'Élodie', email: 'e@example.org' }));
      assert.deepEqual(await names(people(), 'Smith'), ['Ann SMITH', 'zoe']);
      assert.deepEqual(await names(people(), ' ÉLO '), ['Élodie']);
      assert.deepEqual(await names(people(), ''), ['Ann SMITH', 'zoe', 'Élodie']);
    });

    it('are found only by the whole address if it is somebody’s', async () => {
      await accounts().create(person({ name: 'Ann', email: 'ann@example.org' }));
      await accounts().create(person({ name: 'Joann', email: 'joann@example.org' }));
      assert.deepEqual(await names(people(), ' ANN@example.org'), ['Ann']);
      assert.deepEqual(await names(people(), 'nn@example.org'), ['Ann', 'Joann']);
    });

    it('are not found by the wildcards of a pattern', async () => {
      await accounts().create(person({ name: 'Ann' }));
      await accounts().create(person({ name: '100% _real_!' }));
      for (const search of ['%', '_', '!', '0% _r']) {
        assert.deepEqual(await names(people(), search), ['100% _real_!'], search);
      }
      assert.deepEqual(await names(people(), "' or 1=1 --"), []);
      assert.deepEqual(await names(people(), 'A\0nn'), ['Ann']);
    });

    it('are listed in pages with the total number', async () => {
      for (const name of ['e', 'd', 'c', 'b', 'a']) await accounts().create(person({ name }));
      const last = await people().search({ search: '', page: 3, pageSize: 2 });
      assert.deepEqual([last.people.map(({ account }) => account.name), last.total], [['e'], 5]);
      assert.equal((await people().search({ search: '', page: 4, pageSize: 2 })).people.length, 0);
    });

    it('may have names that grow when their case is folded', async () => {
      const longest = 'ﷺ'.repeat(100);
      await accounts().create(person({ name: longest }));
      assert.deepEqual(await names(people(), 'ﷺ'), [longest]);
    });
  });

  describe('administrators', () => {
    const database = useDatabase(engine);
    const accounts = () => new KnexAccounts(database());

    it('can approve from the time that comes with the role, and lose it with the role', async () => {
      const [ann, bob] = [administrator(), person({ passwordHash: 'a hash' })];
      await accounts().create(ann);
      await accounts().create({ ...bob, approvesFrom: NOW });
      const from = async (id: string) => (await accounts().find(id))?.approvesFrom;
      assert.equal(await from(bob.id), null, 'a member approves nothing');
      await accounts().setRole(bob.id, 'administrator', NOW + 1);
      await accounts().setRole(bob.id, 'administrator', NOW);
      assert.equal(await from(bob.id), NOW + 1, 'who is one already keeps their own');
      await accounts().setRole(bob.id, 'member');
      assert.equal(await from(bob.id), null);
      await accounts().setRole(bob.id, 'administrator');
      assert.equal(await from(bob.id), null, 'nothing is given where nothing is said');
    });

    it('stop counting, and all count again, except those with an invitation that is not accepted', async () => {
      const kept = administrator();
      const late = person({ role: 'administrator', passwordHash: 'a hash', approvesFrom: NOW + 5 });
      const invited = person({ role: 'administrator', approvesFrom: NOW });
      for (const one of [kept, late, invited]) await accounts().create(one);
      const from = async () =>
        Promise.all([kept, late, invited].map(async ({ id }) => (await accounts().find(id))?.approvesFrom));
      await accounts().stopProbations(NOW);
      assert.deepEqual(await from(), [NOW, null, NOW]);
      await accounts().endProbations(NOW + 7, NOW + 9);
      assert.deepEqual(await from(), [NOW, NOW + 7, NOW + 9]);
    });

    it('are listed if they are enabled and have a password', async () => {
      const [ann, bob, cal] = [administrator(), administrator(), person({ role: 'administrator' })];
      for (const one of [ann, bob, cal, person({ passwordHash: 'a hash' })]) await accounts().create(one);
      await accounts().disable(bob.id, NOW);
      assert.deepEqual(
        (await accounts().administrators()).map(({ id }) => id),
        [ann.id],
      );
    });

    it('are disabled with their sessions, and enabled again', async () => {
      const [ann, bob] = [administrator(), administrator()];
      await accounts().create(ann);
      await accounts().create(bob);
      assert.equal(await accounts().disable(ann.id, NOW), true);
      assert.equal(await accounts().disable(ann.id, NOW + 1), true);
      const disabled = await accounts().find(ann.id);
      assert.deepEqual([disabled?.disabledAt, disabled?.sessionEpoch], [NOW, 1]);
      await accounts().enable(ann.id);
      const enabled = await accounts().find(ann.id);
      assert.deepEqual([enabled?.disabledAt, enabled?.sessionEpoch], [null, 1]);
    });

    it('keep one that is enabled: the last is neither disabled nor made a member', async () => {
      const [ann, bob] = [administrator(), person()];
      await accounts().create(ann);
      await accounts().create(bob);
      assert.equal(await accounts().disable(bob.id, NOW), true);
      assert.equal(await accounts().setRole(bob.id, 'administrator'), true);
      assert.equal(await accounts().disable(ann.id, NOW), false);
      assert.equal(await accounts().setRole(ann.id, 'member'), false);
      assert.equal(await accounts().setRole(ann.id, 'administrator'), true);
      assert.equal(await accounts().setRole(bob.id, 'member'), true);
      const found = await accounts().find(ann.id);
      assert.deepEqual([found?.role, found?.disabledAt, found?.sessionEpoch], ['administrator', null, 0]);
    });

    it('keep one that can sign in: an invited one does not replace the last', async () => {
      const [ann, bob] = [administrator(), administrator({ passwordHash: null })];
      await accounts().create(ann);
      await accounts().create(bob);
      assert.equal(await accounts().disable(ann.id, NOW), false);
      assert.equal(await accounts().setRole(ann.id, 'member'), false);
      assert.equal(await accounts().disable(bob.id, NOW), true);
      await accounts().enable(bob.id);
      await accounts().changePassword(bob.id, 'hash');
      assert.equal(await accounts().disable(ann.id, NOW), true);
    });

    it('keep one when twenty are disabled or made members at once', async () => {
      for (let round = 0; round < 3; round += 1) {
        await database()('accounts').delete();
        const people = Array.from({ length: 20 }, () => administrator());
        for (const each of people) await accounts().create(each);
        const won = await winners((i) => {
          const id = people[i]?.id ?? '';
          return i % 2 === 0 ? accounts().disable(id, NOW) : accounts().setRole(id, 'member');
        });
        const left = await database()('accounts').where({ role: 'administrator', disabled_at: null });
        assert.deepEqual([won, left.length], [19, 1]);
      }
    });

    it('keep one when two of them disable each other repeatedly', async () => {
      const [ann, bob] = [administrator(), administrator()];
      await accounts().create(ann);
      await accounts().create(bob);
      for (let round = 0; round < 10; round += 1) {
        const both = await Promise.all([ann, bob].map(({ id }) => accounts().disable(id, NOW)));
        assert.equal(both.filter(Boolean).length, 1);
        await Promise.all([ann, bob].map(({ id }) => accounts().enable(id)));
      }
    });
  });
}

/** One who can sign in. */
function administrator(changes: Partial<NewAccount> = {}): NewAccount {
  return person({ role: 'administrator', passwordHash: 'hash', ...changes });
}

async function names(lists: KnexPeople, search: string): Promise<readonly string[]> {
  const { people, total } = await lists.search({ search, page: 1, pageSize: 50 });
  assert.equal(total, people.length);
  return people.map(({ account }) => account.name);
}
