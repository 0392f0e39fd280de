import assert from 'node:assert/strict';
import { newId } from '../../../src/kernel/identifiers.ts';
import type { Sealed } from '../../../src/kernel/keyring.ts';
import { days, minutes } from '../../../src/kernel/time.ts';
import type { Mail } from '../../../src/mail/mail.ts';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexMailStore } from '../../../src/storage/mails.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { NOW, person, winners } from './people.ts';

const UNTIL = NOW + minutes(1);
const EXPIRY = NOW + days(3);

export function mailsSuite(engine: Engine): void {
  describe('mails', () => {
    const database = useDatabase(engine);
    const store = () => new KnexMailStore(database());
    const keep = async (changes: Partial<Mail> = {}): Promise<Mail> => {
      const kept = newMail(changes);
      await store().add(kept, letter());
      return kept;
    };
    const stored = async (id: string) => database()('mails').where({ id }).first();

    it('are due in their order, up to a limit', async () => {
      const late = await keep({ dueAt: NOW });
      const later = await keep({ dueAt: NOW + 1 });
      const early = await keep({ dueAt: NOW - 1 });
      await keep({ state: 'taken', dueAt: NOW - 2 });
      assert.deepEqual(await store().due(NOW, 9), [early.id, late.id]);
      assert.deepEqual(await store().due(NOW, 1), [early.id]);
      assert.equal(await store().nextDue(), NOW - 1);
      await store().claim(early.id, NOW, UNTIL);
      await store().claim(late.id, NOW, UNTIL);
      assert.equal(await store().nextDue(), later.dueAt);
    });

    it('are due after all personal mails, one of each client before the second of any', async () => {
      const asked = async (client: string, dueAt: number) => {
        const kept = newMail({ dueAt });
        await store().add(kept, letter(), client);
        return kept.id;
      };
      const [a1, a2, a3] = [await asked('a', NOW - 9), await asked('a', NOW - 8), await asked('a', NOW - 7)];
      const [b1, c1] = [await asked('b', NOW - 2), await asked('c', NOW - 3)];
      const own = await keep({ dueAt: NOW });
      const b2 = await asked('b', NOW - 1);
      await asked('a', NOW + 1);
      assert.deepEqual(await store().due(NOW, 9), [own.id, a1, c1, b1, a2, b2, a3]);
      assert.deepEqual(await store().due(NOW, 2), [own.id, a1]);
    });

    it('start new turns once the client has none waiting, and then nothing is stored of it', async () => {
      const ids: string[] = [];
      for (const one of [newMail({}), newMail({}), newMail({})]) {
        await store().add(one, letter(), 'a');
        ids.push(one.id);
      }
      assert.deepEqual(
        (await database()('mails').orderBy('id')).map(({ turn }) => Number(turn)),
        [1, 2, 3],
      );
      assert.ok(!JSON.stringify(await database()('mails')).includes('"a"'));
      for (const id of ids) {
        const claimed = await store().claim(id, NOW, UNTIL);
        assert.ok(claimed);
        await store().settle(claimed.mail, { state: 'taken', at: NOW, fault: null });
      }
      assert.ok((await database()('mails')).every(({ client_hash: client }) => client === null));
      const next = newMail({});
      await store().add(next, letter(), 'a');
      assert.equal(Number((await stored(next.id)).turn), 1);
    });

    it('are claimed with their unchanged letter', async () => {
      const sealed = letter();
      const kept = newMail({ kind: 'e-mail changed', address: 'zoë@example.org', fault: '451 später' });
      await store().add(kept, sealed);
      const claimed = await store().claim(kept.id, NOW, UNTIL);
      assert.deepEqual(claimed, { mail: { ...kept, tries: 1, dueAt: UNTIL }, letter: sealed });
    });

    it('are claimed by one of twenty workers', async () => {
      const { id } = await keep();
      assert.equal(
        await winners(async () => (await new KnexMailStore(database()).claim(id, NOW, UNTIL)) !== undefined),
        1,
      );
      assert.equal((await stored(id)).tries, 1);
    });

    it('are claimed again once a claim has expired, because its worker may have died', async () => {
      const { id } = await keep();
      await store().claim(id, NOW, UNTIL);
      assert.equal(await store().claim(id, UNTIL - 1, UNTIL + 9), undefined);
      assert.equal((await store().claim(id, UNTIL, UNTIL + 9))?.mail.tries, 2);
    });

    it('delete their letter once they are settled, and are never due again', async () => {
      const kept = await keep();
      const claimed = await store().claim(kept.id, NOW, UNTIL);
      assert.ok(claimed);
      const ending = { state: 'refused', at: NOW + 5, fault: '550 no' } as const;
      assert.equal(await store().settle(claimed.mail, ending), true);
      assert.equal(await store().settle(claimed.mail, ending), false);
      const { letter: left, state, fault, settled_at } = await stored(kept.id);
      assert.deepEqual([left, state, fault, Number(settled_at)], [null, 'refused', '550 no', NOW + 5]);
      assert.equal(await store().claim(kept.id, EXPIRY, EXPIRY), undefined);
      assert.deepEqual(await store().due(EXPIRY, 9), []);
      assert.equal(await store().nextDue(), undefined);
    });

    it('are postponed, refused and given up only by the last claimer; an accepted mail stays accepted', async () => {
      const { id } = await keep();
      const first = await store().claim(id, NOW, UNTIL);
      const second = await store().claim(id, UNTIL, UNTIL + 9);
      assert.ok(first && second);
      assert.equal(await store().postpone(first.mail, NOW, 'slow'), false);
      assert.equal(await store().settle(first.mail, { state: 'given-up', at: NOW, fault: 'x' }), false);
      assert.equal(await store().postpone(second.mail, UNTIL + 99, '451 later'), true);
      const { due_at, fault } = await stored(id);
      assert.deepEqual([Number(due_at), fault], [UNTIL + 99, '451 later']);
      assert.equal(await store().settle(first.mail, { state: 'taken', at: NOW, fault: null }), true);
      assert.equal(await store().postpone(second.mail, UNTIL, 'too late'), false);
    });

    it('are settled by one of twenty', async () => {
      const { id } = await keep();
      const claimed = await store().claim(id, NOW, UNTIL);
      assert.ok(claimed);
      const taken = { state: 'taken', at: NOW, fault: null } as const;
      assert.equal(await winners(() => store().settle(claimed.mail, taken)), 1);
    });

    it('are replaced by a newer one of their kind to the same address, and no other', async () => {
      const earlier = await keep({ kind: 'password reset' });
      const other = await keep({ kind: 'invitation' });
      const elsewhere = await keep({ kind: 'password reset', address: 'bob@example.org' });
      const newer = await keep({ kind: 'password reset' });
      await store().replaceEarlier(newer);
      const { state, letter: left } = await stored(earlier.id);
      assert.deepEqual([state, left], ['replaced', null]);
      assert.deepEqual(new Set(await store().due(NOW, 9)), new Set([other.id, elsewhere.id, newer.id]));
    });

    it('are listed by account, newest first, without their letter', async () => {
      const [ann, bob] = [person(), person()];
      for (const one of [ann, bob]) await new KnexAccounts(database()).create(one);
      const older = await keep({ accountId: ann.id });
      await keep({ accountId: bob.id });
      const newer = await keep({ accountId: ann.id, state: 'taken', settledAt: NOW });
      assert.deepEqual(await store().newestOf(ann.id, 20), [newer, older]);
      assert.deepEqual(await store().newestOf(ann.id, 1), [newer]);
    });

    it('survive their account, of which they keep only the address', async () => {
      const ann = person();
      await new KnexAccounts(database()).create(ann);
      const { id } = await keep({ accountId: ann.id });
      await database()('accounts').delete();
      assert.equal((await stored(id)).account_id, null);
      assert.notEqual(await store().claim(id, NOW, UNTIL), undefined);
    });

    it('that wait for too long are counted, with the one that has been waiting longest', async () => {
      assert.equal(await store().late(NOW), undefined);
      const oldest = await keep({ createdAt: NOW - 2, fault: 'down' });
      await keep({ createdAt: NOW - 1 });
      await keep({ createdAt: NOW });
      await keep({ createdAt: NOW - 9, state: 'refused' });
      assert.deepEqual(await store().late(NOW), { count: 2, oldest });
    });

    it('are counted while they wait: all, late ones, and the time of the oldest', async () => {
      assert.deepEqual(await store().depth(NOW), { waiting: 0, late: 0, oldest: undefined });
      for (const createdAt of [NOW - 2, NOW - 1, NOW]) await keep({ createdAt });
      await keep({ state: 'taken', createdAt: NOW - 3 });
      assert.deepEqual(await store().depth(NOW), { waiting: 3, late: 2, oldest: NOW - 2 });
    });

    it('are deleted 30 days after they were settled, and never while they wait', async () => {
      const waiting = await keep({ createdAt: NOW - days(99) });
      await keep({ state: 'taken', settledAt: NOW - 1 });
      const recent = await keep({ state: 'taken', settledAt: NOW });
      await store().forget(NOW + days(30));
      const left: { id: string }[] = await database()('mails').select('id');
      assert.deepEqual(new Set(left.map(({ id }) => id)), new Set([waiting.id, recent.id]));
    });

    it('let every letter be sealed again, but not one that is gone in the meantime', async () => {
      const kept: Mail[] = [];
      for (let count = 0; count < 203; count += 1) kept.push(await keep());
      await store().add(newMail({ state: 'taken', settledAt: NOW }), null);
      const found = await Array.fromAsync(store().letters());
      assert.deepEqual(
        found.map(({ id }) => id),
        kept.map(({ id }) => id),
      );
      const [first] = found;
      assert.ok(first);
      const fresh = letter();
      assert.equal(await store().replaceLetter(first.id, first.letter, fresh), true);
      assert.equal(await store().replaceLetter(first.id, first.letter, letter()), false);
      assert.deepEqual((await store().claim(first.id, NOW, UNTIL))?.letter, fresh);
    });
  });
}

export function newMail(changes: Partial<Mail>): Mail {
  return {
    id: newId(NOW),
    accountId: null,
    address: 'ann@example.org',
    kind: 'password changed',
    createdAt: NOW,
    state: 'waiting',
    tries: 0,
    dueAt: NOW,
    expiresAt: EXPIRY,
    settledAt: null,
    fault: null,
    ...changes,
  };
}

function letter(): Sealed {
  return { key: 'key', nonce: newId(NOW), text: 'x'.repeat(4000), tag: 'tag' };
}
