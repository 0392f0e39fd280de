import assert from 'node:assert/strict';
import { accountState } from '../../../src/accounts/account.ts';
import { newId } from '../../../src/kernel/identifiers.ts';
import { days } from '../../../src/kernel/time.ts';
import { Adoption, type FigureId } from '../../../src/policy/adoption.ts';
import { Policies } from '../../../src/policy/policies.ts';
import { PolicyReport } from '../../../src/policy/report.ts';
import { requiredEnrolment } from '../../../src/policy/requirements.ts';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexAuthenticators } from '../../../src/storage/authenticators.ts';
import { KnexCohortStore } from '../../../src/storage/cohorts.ts';
import { KnexGraceStore } from '../../../src/storage/graces.ts';
import { KnexGroupStore } from '../../../src/storage/groups.ts';
import { KnexRecoveryCodeStore } from '../../../src/storage/recovery-codes.ts';
import { KnexSettingsStore } from '../../../src/storage/settings.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { newGroup } from './groups.ts';
import { member, NOW } from './people.ts';

const MANY = 480;
const FORTNIGHT = { kind: 'days', days: 14 } as const;

export function cohortsSuite(engine: Engine): void {
  describe('cohorts of people', () => {
    const database = useDatabase(engine);
    // By a few statements, the last of which counts less than it could.
    const cohorts = () => new KnexCohortStore(database(), 100);

    /** People of each kind, by their number: the remainders of different divisors give all combinations. */
    async function crowd() {
      const db = database();
      const groups = new KnexGroupStore(db);
      const staff = newGroup({
        name: 'Staff',
        rule: 'mandatory',
        methods: ['app'],
        grace: FORTNIGHT,
        since: 1,
      });
      const desk = newGroup({ name: 'Desk', rule: 'mandatory' });
      for (const group of [staff, desk]) await groups.create(group);
      const people = Array.from({ length: MANY }, (_, i) => {
        const groupIds = [...(i % 3 ? [staff.id] : []), ...(i % 5 ? [] : [desk.id])];
        return member({ groupIds, passwordHash: i % 11 ? 'a hash' : null });
      });
      await new KnexAccounts(db).createMany(people);
      const where = (pick: (i: number) => boolean) => people.flatMap(({ id }, i) => (pick(i) ? id : []));
      const change = (pick: (i: number) => boolean, values: object) =>
        db('accounts').whereIn('id', where(pick)).update(values);
      await change((i) => i % 2 === 0, { last_sign_in_at: NOW });
      await change((i) => i % 13 === 0, { disabled_at: NOW });
      await change((i) => i % 17 === 0, { enforced_at: NOW, enforced_grace: JSON.stringify(FORTNIGHT) });
      await change((i) => i % 34 === 0, { enforced_grace: null });
      await change((i) => i % 19 === 0, { factor_removed_at: NOW });
      const rows = (ids: readonly string[], values: object) =>
        ids.map((account_id) => ({ id: newId(NOW), account_id, created_at: NOW, ...values }));
      const app = { method: 'app', name: 'App', name_key: 'app', data: '{}' };
      const mail = { method: 'email', name: 'Mail', name_key: 'mail', data: '{}' };
      await db.batchInsert(
        'authenticators',
        rows(
          where((i) => i % 4 === 1),
          app,
        ),
        50,
      );
      await db.batchInsert(
        'authenticators',
        rows(
          where((i) => i % 7 === 1),
          mail,
        ),
        50,
      );
      const codes = (used_at: number | null) => ({ salt: 's', code_hash: `${used_at}`, used_at });
      await db.batchInsert(
        'recovery_codes',
        rows(
          where((i) => i % 8 === 1),
          codes(null),
        ),
        50,
      );
      await db.batchInsert(
        'recovery_codes',
        rows(
          where((i) => i % 6 === 1),
          codes(NOW),
        ),
        50,
      );
      const begun = where((i) => i % 9 === 2).map((account_id, i) => {
        return { account_id, source: staff.id, began_at: NOW - days(i) };
      });
      await db.batchInsert('graces', begun, 50);
      return { staff, desk };
    }

    function counting() {
      const db = database();
      const groups = new KnexGroupStore(db);
      const policies = new Policies({ groups, graces: new KnexGraceStore(db), clock: () => NOW });
      const settings = new KnexSettingsStore(db);
      const policyReport = new PolicyReport({ cohorts: cohorts(), groups, settings, policies });
      return { policyReport, adoption: new Adoption({ policyReport, clock: () => NOW }) };
    }

    it('have the same counts, and the same people, as when everybody is evaluated one by one', async () => {
      const { staff } = await crowd();
      const { policyReport, adoption } = counting();
      const behind: Record<string, string[]> = { lacking: [], 'in-grace': [], overdue: [], 'with-app': [] };
      const ofStaff: string[] = [];
      for await (const { account, authenticators, policy } of policyReport.everybody()) {
        if (accountState(account) !== 'active') continue;
        const due = requiredEnrolment(policy, authenticators);
        if (due) behind['lacking']?.push(account.id);
        if (due) behind[due.deferrable ? 'in-grace' : 'overdue']?.push(account.id);
        if (authenticators.some(({ method }) => method === 'app')) behind['with-app']?.push(account.id);
        const isStaff = policy.rules.some(({ source }) => source.kind === 'group' && source.id === staff.id);
        if (isStaff && due?.deferrable) ofStaff.push(account.id);
      }
      const rules = await policyReport.rules();
      const [everybody] = await adoption.slices(rules);
      for (const [figure, ids] of Object.entries(behind)) {
        assert.ok(ids.length > 20, `${figure}: ${ids.length}`);
        assert.equal(everybody.figures[figure as FigureId], ids.length, figure);
        const paged: string[] = [];
        for (let skip = 0; skip < ids.length; skip += 50) {
          const { people, total } = await adoption.pageOfPeopleIn(
            figure as FigureId,
            { rules },
            { skip, take: 50 },
          );
          assert.equal(total, ids.length, figure);
          paged.push(...people.map(({ account }) => account.id));
        }
        assert.deepEqual(paged, ids, figure);
      }
      const { people } = await adoption.pageOfPeopleIn(
        'in-grace',
        { rules, groupId: staff.id },
        { skip: 5, take: 1000 },
      );
      assert.deepEqual(
        people.map(({ account }) => account.id),
        ofStaff.slice(5),
      );
    });

    it('have in common what each of their people has, and each person has the stored values', async () => {
      await crowd();
      const db = database();
      const all = await cohorts().all();
      let count = 0;
      for (const { key, first } of all) {
        for await (const people of cohorts().members([key])) {
          count += people.length;
          for (const person of people) {
            const ofMethods = new Set(person.authenticators.map(({ method }) => method));
            assert.deepEqual(ofMethods, new Set(first.authenticators.map(({ method }) => method)));
            assert.equal(person.hasCodes, first.hasCodes);
            const groupIds = ({ memberships }: typeof first) =>
              memberships.map(({ groupId }) => groupId).sort();
            assert.deepEqual(groupIds(person), groupIds(first));
          }
        }
      }
      assert.equal(count, MANY);
      const everybody = (await Array.fromAsync(cohorts().everybody())).flat();
      const ids = everybody.map(({ account }) => account.id);
      const [memberships, graces] = [
        await new KnexGroupStore(db).of(ids),
        await new KnexGraceStore(db).of(ids),
      ];
      for (const { account, ...has } of everybody) {
        const { id } = account;
        assert.deepEqual(account, await new KnexAccounts(db).find(id));
        const kept = await new KnexAuthenticators(db).of(id);
        assert.deepEqual(
          has.authenticators.map(({ method }) => method),
          kept.map(({ method }) => method).sort(),
        );
        assert.equal(has.hasCodes, (await new KnexRecoveryCodeStore(db).left(id)) > 0);
        assert.deepEqual(has.graceStarts, graces.get(id) ?? new Map());
        const joined = (memberships.get(id) ?? []).map(({ group, joinedAt }) => ({
          groupId: group.id,
          joinedAt,
        }));
        const inOrder = (some: typeof joined) => some.toSorted((a, b) => (a.groupId < b.groupId ? -1 : 1));
        assert.deepEqual(inOrder([...has.memberships]), inOrder(joined));
      }
    });

    it('are far fewer than people, each with its oldest person; and those of a group have its members only', async () => {
      const { desk } = await crowd();
      const all = await cohorts().all();
      assert.ok(all.length < MANY / 2, `${all.length} kinds`);
      assert.equal(
        all.reduce((total, { size }) => total + size, 0),
        MANY,
      );
      const [biggest] = all.toSorted((one, other) => other.size - one.size);
      assert.ok(biggest);
      const alike = (await Array.fromAsync(cohorts().members([biggest.key]))).flat();
      assert.equal(alike.length, biggest.size);
      assert.deepEqual(alike[0]?.account, biggest.first.account);
      const theirs = await cohorts().all(desk.id);
      assert.equal(
        theirs.reduce((total, { size }) => total + size, 0),
        MANY / 5,
      );
      assert.deepEqual(await cohorts().all('unknown'), []);
    });

    it('are listed in batches, each person once, oldest first, with the given number skipped', async () => {
      await new KnexAccounts(database()).createMany(Array.from({ length: 450 }, () => member()));
      const [one, ...others] = await cohorts().all();
      assert.ok(one);
      assert.deepEqual([one.size, others.length], [450, 0]);
      const batches = await Array.fromAsync(cohorts().members([one.key]));
      assert.deepEqual(
        batches.map(({ length }) => length),
        [200, 200, 50],
      );
      const everybody = (await Array.fromAsync(cohorts().everybody())).flat();
      assert.deepEqual(batches.flat(), everybody);
      assert.deepEqual(
        (await Array.fromAsync(cohorts().members([one.key], undefined, 203))).flat(),
        everybody.slice(203),
      );
    });
  });
}
