import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { party } from '../../src/audit/audit.ts';
import { newId } from '../../src/kernel/identifiers.ts';
import { secondFactorSubject } from '../../src/limits/failure-backoff.ts';
import { KnexAccounts } from '../../src/storage/accounts.ts';
import { KnexBackoffStore } from '../../src/storage/limits.ts';
import { KnexRecoveryCodeStore } from '../../src/storage/recovery-codes.ts';
import { openDatabase } from '../../src/storage/sql/database.ts';
import { policyLockOn } from '../../src/storage/sql/policy-lock.ts';
import { allTables } from '../../src/storage/sql/tables.ts';
import { transactOn } from '../../src/storage/sql/transaction.ts';
import { CHANGES, type Subject } from '../support/changes.ts';
import { CREATION_TIMEOUT, type EmptyDatabase, POSTGRESQL } from '../support/databases.ts';
import { type Gateway, gateway } from '../support/gateway.ts';
import { QUICK_HASHER } from '../support/password-hashing.ts';
import { OPERATOR, openPortal, type TestPortal } from '../support/portal.ts';
import { newEmail } from '../support/victim.ts';

/** Counters, because attempts and mails stay counted whatever happens to the rest; and tables of the libraries. */
const LEFT_OUT = /^(throttles|allowances|client_budgets|challenges|sessions|knex_.*)$/;

const HASH = '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA';
const CODE = 'ABCD-EFGH-JKMN-PQRS';
const SALT = 'AAAAAAAAAAAAAAAAAAAAAA';
const CODE_HASH = await QUICK_HASHER.slowHash(CODE, Buffer.from(SALT, 'base64url'));

/** Every row of each table, as JSON. */
type Rows = ReadonlyMap<string, readonly string[]>;

/** The number of rows of each table that were removed and added; a changed row counts in both. */
function difference(before: Rows, after: Rows): Readonly<Record<string, string>> {
  const changed = [...after].map(([table, rows]) => {
    const [earlier, now] = [new Set(before.get(table)), new Set(rows)];
    const gone = earlier.difference(now).size;
    const come = now.difference(earlier).size;
    return [table, `-${gone} +${come}`] as const;
  });
  return Object.fromEntries(changed.filter(([, counts]) => counts !== '-0 +0'));
}

describe('A change during which the connection to the database breaks', () => {
  let empty: EmptyDatabase;
  let way: Gateway;
  /** A connection without the gateway. */
  let db: Knex;
  let portal: TestPortal;
  let tables: readonly string[];

  before(async function () {
    this.timeout(CREATION_TIMEOUT);
    empty = await POSTGRESQL.create();
    way = await gateway(empty.url);
    db = openDatabase(empty.url);
    portal = await openPortal('database', { DATABASE_URL: way.url });
    // The first decision creates the row that all decisions lock.
    await policyLockOn(transactOn(db))({}, async () => {});
    tables = (await allTables(db)).map(({ name }) => name).filter((name) => !LEFT_OUT.test(name));
  });

  after(async () => {
    await portal.close();
    await way.cut();
    await db.destroy();
    await empty.drop();
  });

  /** All rows by one statement. */
  async function rows(): Promise<Rows> {
    // The worker's changes to a stored mail are not part of the change that it reports.
    const columns = (name: string) => (name === 'mails' ? 'id, account_id, kind' : '*');
    const parts = tables.map(
      (name) =>
        `select '${name}' as name, row_to_json(r)::text as row from (select ${columns(name)} from ${name}) r`,
    );
    const { rows: found }: { rows: { name: string; row: string }[] } = await db.raw(
      parts.join(' union all '),
    );
    const byTable = Map.groupBy(found, ({ name }) => name);
    return new Map(tables.map((name) => [name, byTable.get(name)?.map(({ row }) => row) ?? []]));
  }

  /** Created without the gateway and without slow hashes: there are a thousand of them. */
  async function somebody(): Promise<Subject> {
    const accounts = new KnexAccounts(db);
    const id = newId(portal.now());
    await accounts.create({
      ...{
        id,
        email: newEmail('ann'),
        name: 'Ann Example',
        locale: null,
        knownLanguage: null,
        passwordHash: HASH,
      },
      ...{ role: 'member', createdAt: portal.now() },
    });
    const account = await accounts.find(id);
    assert.ok(account);
    return {
      portal,
      account,
      actor: { ...OPERATOR, party: party(account) },
      async fails(times) {
        const subject = secondFactorSubject(account.id);
        const [none, failures] = [0, times].map((failures) => ({ failures, waitUntil: 0 }));
        assert.ok(none && failures && (await new KnexBackoffStore(db).replace(subject, none, failures)));
      },
      async goesAlone() {
        await db('accounts').delete();
      },
      async hasCodes() {
        const codes = ['none', 'other', CODE_HASH].map((codeHash) => ({ id: newId(0), codeHash }));
        await new KnexRecoveryCodeStore(db).replace(account.id, SALT, codes, portal.now());
        return CODE;
      },
    };
  }

  /** Makes the change; after this many messages to the database, the connection breaks. */
  async function outcomeOf(what: string, messages: number) {
    await db('audit_events').delete();
    // People of an earlier round would be read each time, and its administrators would get a mail about the next one.
    await db('accounts').delete();
    const change = await CHANGES[what]?.(await somebody());
    assert.ok(change);
    // The worker rests and the connection is open, so that only the change's own messages are counted.
    await portal.delivered();
    await db('mails').delete();
    await portal.services.parts.database();
    const before = await rows();
    const mails = portal.mailbox.messages.length;
    const hasBroken = way.breakAfter(messages);
    const error: unknown = await change().then(
      () => undefined,
      (reason) => reason,
    );
    const broken = hasBroken();
    await way.open();
    await portal.delivered();
    return {
      broken,
      error,
      changed: difference(before, await rows()),
      mailed: portal.mailbox.messages.length - mails,
    };
  }

  for (const what of Object.keys(CHANGES)) {
    it(`is complete, with its entry in the audit log, or has not happened at all: ${what}`, async () => {
      const whole = await outcomeOf(what, Number.POSITIVE_INFINITY);
      assert.equal(whole.error, undefined);
      assert.ok(whole.changed['audit_events'], JSON.stringify(whole.changed));
      for (let messages = 0; ; messages += 1) {
        const { broken, error, changed, mailed } = await outcomeOf(what, messages);
        // Once it is reported as done, later breaks only affect the worker.
        if (!broken || error === undefined) {
          assert.deepEqual(changed, whole.changed);
          assert.ok(messages >= 3, `${messages} messages: nothing was broken off`);
          break;
        }
        const at = `after ${messages} messages: ${JSON.stringify(changed)}`;
        if (Object.keys(changed).length === 0) {
          assert.ok(error !== undefined, `${at}: it says that it is done`);
          assert.equal(mailed, 0, `${at}: somebody was told`);
        } else {
          assert.deepEqual(changed, whole.changed, at);
        }
      }
    });
  }
});
