import assert from 'node:assert/strict';
import type { NewAccount } from '../../../src/accounts/accounts.ts';
import type { Approval, NewResetRequest } from '../../../src/administration/reset-request.ts';
import { newId } from '../../../src/kernel/identifiers.ts';
import { hours } from '../../../src/kernel/time.ts';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexAuthenticators } from '../../../src/storage/authenticators.ts';
import { KnexResetRequestStore } from '../../../src/storage/reset-requests.ts';
import { KnexSignInStore } from '../../../src/storage/sign-ins.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { NOW, person, winners } from './people.ts';

const DUE = NOW + hours(24);
const ONE = { needed: 1, dueAt: NOW };
const TWO = { needed: 2, dueAt: NOW };

export function resetRequestsSuite(engine: Engine): void {
  describe('reset requests', () => {
    const database = useDatabase(engine);
    const store = () => new KnexResetRequestStore(database());
    const accounts = () => new KnexAccounts(database());
    let ann: string;
    let [ada, ben, cal] = ['', '', ''];

    const account = async (changes: Partial<NewAccount> = {}) => {
      const created = person({ passwordHash: '$argon2id$', ...changes });
      await accounts().create(created);
      return created.id;
    };
    const opened = async (changes: Partial<NewResetRequest> = {}, approval?: Approval) => {
      const request = newRequest({ accountId: ann, ...changes });
      assert.equal(await store().open(request, approval), true);
      return request;
    };
    const standing = async (id: string) => {
      const found = await store().find(id);
      const counting = found?.approvals.filter(({ counts }) => counts).length;
      return { state: found?.state, dueAt: found?.dueAt, counting };
    };

    beforeEach(async () => {
      ann = await account({ name: 'Ann Smith', email: 'ann@example.org' });
      [ada, ben, cal] = [
        await account({ role: 'administrator', email: 'ada@example.org' }),
        await account({ role: 'administrator', email: 'ben@example.org' }),
        await account({ role: 'administrator', email: 'cal@example.org' }),
      ];
    });

    it('are stored with all their data, and with their account', async () => {
      const request = await opened({ happened: 'My phone\nis 📱 gone', contact: 'Zimmer 5' });
      const kept = {
        ...request,
        person: { name: 'Ann Smith', email: 'ann@example.org' },
        state: 'open',
        dueAt: null,
        closedAt: null,
        closedBy: null,
        closingNote: null,
        approvals: [],
      };
      assert.deepEqual(await store().find(request.id), kept);
      assert.deepEqual(await store().openOf(ann), kept);
      assert.equal(await store().openOf(ada), undefined);
      assert.equal(await store().find(ann), undefined);
    });

    it('are open once per account, with any number of concurrent requests, and again when closed', async () => {
      assert.equal(await winners(() => store().open(newRequest({ accountId: ann }))), 1);
      const first = await store().openOf(ann);
      await store().close(first?.id ?? '', { state: 'cancelled', by: 'ann', note: null, at: NOW });
      await opened();
      await opened({ accountId: ada });
    });

    it('are due with the one required approval', async () => {
      const { id } = await opened();
      assert.equal(await store().approve(id, approval(ada), { needed: 1, dueAt: DUE }), 'complete');
      assert.deepEqual(await standing(id), { state: 'open', dueAt: DUE, counting: 1 });
      assert.equal(await store().approve(id, approval(ben), ONE), 'settled');
      const [given] = (await store().find(id))?.approvals ?? [];
      assert.deepEqual(given, { ...approval(ada), by: 'ada@example.org', counts: true });
    });

    it('need another administrator for a second approval', async () => {
      const { id } = await opened({ kind: 'administrator' }, approval(ada));
      assert.equal(await store().approve(id, approval(ada), TWO), 'already');
      assert.deepEqual(await standing(id), { state: 'open', dueAt: null, counting: 1 });
      assert.equal(await store().approve(id, approval(ben), TWO), 'complete');
    });

    it('accept one approval of an administrator who sends twenty, and one completion of twenty', async () => {
      const { id } = await opened();
      const same = await Promise.all(
        Array.from({ length: 20 }, () => store().approve(id, approval(ada), TWO)),
      );
      assert.deepEqual(
        same.filter((outcome) => outcome !== 'already'),
        ['one more'],
      );
      const many = await Promise.all(Array.from({ length: 12 }, () => account({ role: 'administrator' })));
      const others = await Promise.all(many.map((other) => store().approve(id, approval(other), TWO)));
      assert.equal(others.filter((outcome) => outcome === 'complete').length, 1);
      assert.equal(others.filter((outcome) => outcome === 'settled').length, 11);
    });

    it('are not approved by the owner of the account', async () => {
      const { id } = await opened({ accountId: ada });
      assert.equal(await store().approve(id, approval(ada), ONE), 'not theirs');
      assert.deepEqual((await store().find(id))?.approvals, []);
    });

    it('do not count the approval of a person who is disabled or no longer an administrator', async () => {
      const { id } = await opened();
      await store().approve(id, approval(ada), TWO);
      await accounts().disable(ada, NOW);
      assert.equal(await store().approve(id, approval(ben), TWO), 'one more');
      await accounts().setRole(ben, 'member');
      assert.deepEqual(await standing(id), { state: 'open', dueAt: null, counting: 0 });
      assert.equal(await store().approve(id, approval(cal), TWO), 'one more');
      await accounts().enable(ada);
      assert.equal((await standing(id)).counting, 2);
    });

    it('are not approved by a person whose approval does not count yet, or not at all, or by a member', async () => {
      const { id } = await opened();
      const late = await account({ role: 'administrator', approvesFrom: NOW + 1 });
      const never = await account({ role: 'administrator', approvesFrom: null });
      for (const one of [late, never, await account()]) {
        assert.equal(await store().approve(id, approval(one), ONE), 'does not count');
      }
      assert.deepEqual((await store().find(id))?.approvals, []);
      assert.equal(await store().approve(id, { ...approval(late), at: NOW + 1 }, ONE), 'complete');
    });

    it('do not count the approval of a person who has become an administrator again since', async () => {
      const { id } = await opened();
      await store().approve(id, approval(ada), ONE);
      await accounts().setRole(ada, 'member');
      await accounts().setRole(ada, 'administrator', NOW + 1);
      assert.equal((await standing(id)).counting, 0);
      assert.equal(await store().carryOut(id, 'ben', { needed: 1, at: NOW }), undefined);
    });

    it('are not carried out if an approver was disabled in between, and can be approved again', async () => {
      const { id } = await opened();
      await store().approve(id, approval(ada), ONE);
      await accounts().disable(ada, NOW);
      assert.equal(await store().carryOut(id, 'ben', { needed: 1, at: NOW }), undefined);
      assert.equal(await store().approve(id, approval(ben), { needed: 1, dueAt: DUE }), 'complete');
      assert.equal(await store().carryOut(id, 'ben', { needed: 1, at: NOW }), undefined, 'not due');
      assert.equal(await store().carryOut(id, 'ben', { needed: 2, at: DUE }), undefined, 'stricter since');
      assert.equal(await store().carryOut(id, 'ben', { needed: 1, at: DUE }), 0);
    });

    it('are carried out by one of twenty, with the authenticators and the sessions, and nobody else’s', async () => {
      const authenticators = new KnexAuthenticators(database());
      const signIns = new KnexSignInStore(database());
      for (const accountId of [ann, ben]) {
        const id = newId(NOW);
        const app = {
          id,
          accountId,
          method: 'app',
          name: 'Phone',
          data: {},
          createdAt: NOW,
        } as const;
        await authenticators.create(app);
        const here = {
          browser: 'Lynx',
          address: '',
          startedAt: NOW,
          lastSeenAt: NOW,
          trustedBrowserId: null,
          assurance: [],
        };
        await signIns.create({ id: newId(NOW), accountId, epoch: 0, ...here });
      }
      const { id } = await opened();
      await store().approve(id, approval(ada), ONE);
      const carryOut = () => store().carryOut(id, 'cron', { needed: 1, at: NOW });
      assert.equal(await winners(async () => (await carryOut()) === 1), 1);
      assert.deepEqual(await authenticators.of(ann), []);
      assert.deepEqual(await signIns.open(ann), []);
      assert.equal((await accounts().find(ann))?.sessionEpoch, 1);
      assert.equal((await authenticators.of(ben)).length, 1);
      assert.equal((await signIns.open(ben)).length, 1);
      assert.equal((await accounts().find(ben))?.sessionEpoch, 0);
      const closed = await store().find(id);
      assert.equal(closed?.state, 'carried-out');
      assert.equal(closed?.closedBy, 'cron');
      assert.equal(closed?.closedAt, NOW);
    });

    it('are decided once, with any concurrent decisions', async () => {
      const { id } = await opened();
      await store().approve(id, approval(ada), ONE);
      const closing = { state: 'refused', by: 'ben', note: 'no', at: NOW } as const;
      const decided = await winners(async (contender) =>
        contender % 2 === 0
          ? (await store().carryOut(id, 'cal', { needed: 1, at: NOW })) !== undefined
          : store().close(id, closing),
      );
      assert.equal(decided, 1);
      assert.equal(await store().approve(id, approval(cal), ONE), 'closed');
    });

    it('list open ones first, oldest first, then the closed ones, newest first', async () => {
      const ids: string[] = [];
      for (const [age, accountId] of [ann, ada, ben, cal].entries()) {
        ids.push((await opened({ accountId, askedAt: NOW + age })).id);
      }
      for (const id of ids.slice(0, 2))
        await store().close(id, { state: 'refused', by: '', note: '', at: NOW });
      const [first, second, third, fourth] = ids;
      const page = async (number: number) => {
        const { requests, total } = await store().search({ page: number, pageSize: 3 });
        return { ids: requests.map(({ id }) => id), total };
      };
      assert.deepEqual(await page(1), { ids: [third, fourth, second], total: 4 });
      assert.deepEqual(await page(2), { ids: [first], total: 4 });
    });

    it('are found when they are due, and not before', async () => {
      const { id } = await opened();
      await store().approve(id, approval(ada), { needed: 1, dueAt: DUE });
      await opened({ accountId: ben });
      assert.deepEqual(await store().due(DUE - 1), []);
      assert.deepEqual(
        (await store().due(DUE)).map((due) => due.id),
        [id],
      );
    });

    it('are closed when the account is reset in another way', async () => {
      const { id } = await opened();
      const other = await opened({ accountId: ben });
      await new KnexAuthenticators(database()).reset(ann, 'ada@example.org', NOW);
      assert.deepEqual(await standing(id), { state: 'carried-out', dueAt: null, counting: 0 });
      assert.equal((await store().find(id))?.closedBy, 'ada@example.org');
      assert.equal((await standing(other.id)).state, 'open');
    });

    it('are deleted with their account', async () => {
      const { id } = await opened();
      await store().approve(id, approval(ada), ONE);
      await database()('accounts').where({ id: ann }).delete();
      assert.equal(await store().find(id), undefined);
      assert.deepEqual(await database()('reset_approvals'), []);
    });
  });
}

export function newRequest(changes: Partial<NewResetRequest>): NewResetRequest {
  return {
    id: newId(NOW),
    accountId: '',
    kind: 'person',
    askedAt: NOW,
    askedBy: 'ann@example.org',
    browser: 'Lynx',
    address: '192.0.2.7',
    happened: 'Lost it',
    contact: 'Room 5',
    ...changes,
  };
}

function approval(administratorId: string): Approval {
  return { administratorId, at: NOW, note: 'Called back' };
}
