import type { Knex } from 'knex';
import { z } from 'zod';
import { driverOf, integerColumn, rowsOf } from '../../src/storage/sql/rows.ts';

/** What must never be found in the database, whatever failed and when: a query for each, which counts violations. */
const WRONG: Readonly<Record<string, string>> = {
  'an authenticator of whose creation nothing is written down': `select count(*) as total from authenticators a
    where not exists (select 1 from audit_events e where e.subject_id = a.account_id and e.event = 'authenticator.created')`,
  'more authenticators of an account than were created': `select count(*) as total from accounts a
    where (select count(*) from authenticators x where x.account_id = a.id)
      > (select count(*) from audit_events e where e.subject_id = a.id and e.event = 'authenticator.created')`,
  'recovery codes of an account without an authenticator': `select count(*) as total from recovery_codes r
    where not exists (select 1 from authenticators a where a.account_id = r.account_id)`,
  'a set of recovery codes that is not whole': `select count(*) as total from
    (select account_id from recovery_codes group by account_id having count(*) <> 10) s`,
  'a recovery code that was used and not written down': `select count(*) as total from accounts a
    where (select count(*) from recovery_codes r where r.account_id = a.id and r.used_at is not null)
      > (select count(*) from audit_events e where e.subject_id = a.id and e.event = 'recovery-code.used')`,
  'more sign-ins of somebody to apps than are written down': `select count(*) as total from accounts a
    where (select count(*) from app_sign_ins s where s.account_id = a.id)
      > (select count(*) from audit_events e where e.subject_id = a.id and e.event = 'app.signed-in')`,
  'a sign-in of somebody of whom none is written down': `select count(*) as total from sign_ins s
    where not exists (select 1 from audit_events e where e.subject_id = s.account_id and e.event = 'sign-in.completed')`,
  'an emailed code with more tries than it has':
    'select count(*) as total from challenges where tries > 5 or tries < 0',
  'a mail that waits without its letter, or has one and does not wait': `select count(*) as total from mails
    where (state = 'waiting' and letter is null) or (state <> 'waiting' and letter is not null)`,
  'a mail that is settled at no time': `select count(*) as total from mails
    where state <> 'waiting' and settled_at is null`,
  'a counter below zero': 'select count(*) as total from throttles where failures < 0 or wait_until < 0',
  'a group of nobody': `select count(*) as total from group_members m
    where not exists (select 1 from accounts a where a.id = m.account_id)`,
};

const answer = z.array(z.object({ total: integerColumn })).length(1);

/** The violations in this database, in words; empty if there are none. */
export async function brokenInvariants(db: Knex): Promise<string[]> {
  const found: string[] = [];
  for (const [what, query] of Object.entries(WRONG)) {
    const [row] = answer.parse(rowsOf(await db.raw(query)));
    if (row && row.total > 0) found.push(`${row.total} times ${what}`);
  }
  if (driverOf(db) !== 'better-sqlite3') return found;
  const [check] = z
    .array(z.object({ integrity_check: z.string() }))
    .parse(rowsOf(await db.raw('pragma integrity_check')));
  return check?.integrity_check === 'ok' ? found : [...found, `SQLite: ${check?.integrity_check}`];
}
