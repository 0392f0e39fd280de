import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import { Audit } from '../../src/audit/audit.ts';
import { Attempts } from '../../src/codes/attempts.ts';
import { FailureBackoff, SECOND_FACTOR_RULE, secondFactorSubject } from '../../src/limits/failure-backoff.ts';
import { KnexAccounts } from '../../src/storage/accounts.ts';
import { KnexAuditStore } from '../../src/storage/audit.ts';
import { KnexBackoffStore } from '../../src/storage/limits.ts';
import { transactOn } from '../../src/storage/sql/transaction.ts';
import { person } from '../storage/suites/people.ts';
import { ManualClock } from '../support/clock.ts';
import { commitsOf } from '../support/commits.ts';
import { MARIADB, POSTGRESQL, SQLITE, useDatabase } from '../support/databases.ts';

const ORIGIN = { requestId: 'request', address: '192.0.2.7', browser: 'Lynx' };

/** SQLite has one connection, so decisions are not concurrent there. */
for (const engine of [SQLITE, POSTGRESQL, MARIADB]) {
  describe(`A decision on a response (${engine.name})`, () => {
    const database = useDatabase(engine);
    const statements: string[] = [];
    let accounts: KnexAccounts;
    let backoff: KnexBackoffStore;
    let audit: Audit;
    let attempts: Attempts;
    let ann: Account;

    before(() => {
      database().on('query', ({ sql }: { readonly sql: string }) => statements.push(sql));
    });
    beforeEach(async () => {
      const clock = new ManualClock().read;
      const transaction = transactOn(database());
      accounts = new KnexAccounts(database());
      backoff = new KnexBackoffStore(database());
      audit = new Audit({ store: new KnexAuditStore(database()), clock, transaction });
      attempts = new Attempts({ throttle: new FailureBackoff(backoff, clock), audit, transaction });
      const created = person();
      await accounts.create(created);
      ann = (await accounts.find(created.id)) ?? assert.fail('she is there');
      statements.length = 0;
    });

    const failures = async () => (await backoff.read(secondFactorSubject(ann.id))).failures;
    const events = async () =>
      (await audit.search({ page: 1, pageSize: 10 })).events.map(({ event }) => event);
    const actor = () => ({ party: { id: ann.id, label: ann.email }, origin: ORIGIN });
    const attempt = () => ({ account: ann, actor: actor(), details: { purpose: 'test' } });

    /** Renames the account, which shows whether the write was committed. */
    const decide = (found: 'right' | 'wrong') =>
      attempts.decide(attempt(), { accounts, audit, attempts }, async (bound) => {
        if (found === 'right') await bound.attempts.reset(ann.id);
        await bound.accounts.rename(ann.id, found);
        await bound.audit.record('name.changed', actor());
        return found;
      });

    it('commits the count of a wrong one, its writes and the audit entry together', async () => {
      assert.equal(await decide('wrong'), 'wrong');
      assert.equal(commitsOf(statements), 1);
      assert.equal(await failures(), 1);
      assert.equal((await accounts.find(ann.id))?.name, 'wrong');
      assert.deepEqual(await events(), ['name.changed']);
    });

    it('clears the failures with a right one, in one commit', async () => {
      await decide('wrong');
      statements.length = 0;
      assert.equal(await decide('right'), 'right');
      assert.equal(commitsOf(statements), 1);
      assert.equal(await failures(), 0);
      assert.equal((await accounts.find(ann.id))?.name, 'right');
    });

    it('keeps only the count, and gives no answer, if its last statement fails', async () => {
      await decide('wrong');
      const broken = attempts.decide(attempt(), { accounts, attempts }, async (bound) => {
        await bound.attempts.reset(ann.id);
        await bound.accounts.rename(ann.id, 'half done');
        throw new Error('the disk is full');
      });
      await assert.rejects(broken, /the disk is full/);
      assert.equal(await failures(), 2, 'not forgotten, and counted: it was looked at');
      assert.equal((await accounts.find(ann.id))?.name, 'wrong');
    });

    it('counts each of twenty at once before any is checked', async () => {
      let looked = 0;
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, () =>
          attempts.decide(attempt(), {}, async (_, count) => {
            looked += 1;
            return { kind: 'looked', count } as const;
          }),
        ),
      );
      const counts = outcomes.flatMap((outcome) => (outcome.kind === 'looked' ? [outcome.count] : []));
      assert.deepEqual(
        counts.toSorted((one, other) => one - other),
        Array.from({ length: SECOND_FACTOR_RULE.from }, (_, index) => index + 1),
      );
      assert.equal(looked, SECOND_FACTOR_RULE.from);
      assert.deepEqual(await events(), ['second-step.throttled'], 'one entry for all that had to wait');
    });
  });
}
