import { randomUUID } from 'node:crypto';
import path from 'node:path';
import Database from 'better-sqlite3';
import { somebody } from '../../test/support/somebody.ts';

/** The tables that the portal's own work needs, and no more. */
const SCHEMA = `
create table settings(id integer primary key, site text, policy text);
insert into settings values(1, 'Help Center', '{"twoFactor":"optional"}');
create table accounts(id text primary key, email text unique, name text, hash blob, nonce blob, disabled integer);
create table authenticators(id text primary key, account_id text, name text, method text, secret blob,
  used_step integer, created integer, last_used integer);
create index authenticators_account on authenticators(account_id);
create table attempts(subject blob primary key, failures integer, wait_until integer);
create table sign_ins(id text primary key, account_id text, started integer, last_seen integer, address text, agent text);
create index sign_ins_account on sign_ins(account_id);
create table audit(id text primary key, at integer, event text, account_id text, address text, detail text);
create index audit_account on audit(account_id, at);`;

export interface AccountRow {
  readonly id: string;
  readonly hash: Buffer;
  readonly nonce: Buffer;
}

export interface AuthenticatorRow {
  readonly id: string;
  readonly secret: Buffer;
}

/** One row for each authenticator of the account, with what a page shows. */
export interface PageRow {
  readonly name: string;
  readonly disabled: number | null;
  readonly authenticator: string | null;
  readonly authenticatorName: string;
  readonly method: string | null;
  readonly created: number;
  readonly lastUsed: number | null;
}

/**
 * SQLite as the portal runs it: WAL, each commit durable (`synchronous = FULL`).
 *
 * @param folder empty
 * @param people how many; all with this hash of one password
 */
export function openTwin(folder: string, people: number, password: { hash: Buffer; nonce: Buffer }) {
  const db = new Database(path.join(folder, 'twin.sqlite'));
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec(SCHEMA);
  const account = db.prepare('insert into accounts values(?, ?, ?, ?, ?, null)');
  const authenticator = db.prepare("insert into authenticators values(?, ?, 'Phone', 'app', ?, 0, ?, null)");
  db.transaction(() => {
    for (let number = 0; number < people; number += 1) {
      const { email, key } = somebody(number);
      account.run(email, email, `Person ${number}`, password.hash, password.nonce);
      authenticator.run(`authenticator of ${email}`, email, key, Date.now());
    }
  })();
  const audit = db.prepare('insert into audit values(?, ?, ?, ?, ?, ?)');
  return {
    transaction: <T>(work: () => T): T => db.transaction(work).immediate(),
    accountBy: db.prepare<[string], AccountRow>('select * from accounts where email = ?'),
    page: db.prepare<[string], PageRow>(
      `select a.name, a.disabled, f.id authenticator, f.name authenticatorName, f.method, f.created, f.last_used lastUsed
       from accounts a left join authenticators f on f.account_id = a.id cross join settings s
       where a.id = ? and s.id = 1`,
    ),
    authenticatorOf: db.prepare<[string], AuthenticatorRow>(
      'select * from authenticators where account_id = ?',
    ),
    count: db.prepare<[Buffer], unknown>(
      'insert into attempts values(?, 1, 0) on conflict(subject) do update set failures = failures + 1 returning failures',
    ),
    reset: db.prepare('delete from attempts where subject = ?'),
    spend: db.prepare(
      'update authenticators set used_step = ?, last_used = ? where id = ? and used_step < ?',
    ),
    signIn: db.prepare('insert into sign_ins values(?, ?, ?, ?, ?, ?)'),
    record: (event: string, accountId: string, address: string) =>
      audit.run(randomUUID(), Date.now(), event, accountId, address, '{"method":"app"}'),
  };
}
