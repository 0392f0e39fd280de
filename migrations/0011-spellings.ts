import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { emailKey, formerEmailKey, spelledEmail } from '../src/kernel/email-address.ts';
import { normalized, showsSomething, withoutUnseen } from '../src/kernel/unicode.ts';

const BATCH = 1000;
const LONGEST_EMAIL_KEY = 320;
const LONGEST_NAME_KEY = 255;

interface AccountRow {
  readonly id: string;
  readonly email: string;
  readonly email_key: string;
  readonly name: string;
  readonly name_key: string;
}

interface GroupRow {
  readonly id: string;
  readonly name: string;
  readonly name_key: string;
}

/**
 * All spellings of an address get the same key: invisible characters, a dot at the end and the forms of a domain no longer make
 * a difference. If several accounts then have the same address, the one that already has the new key keeps it, else the oldest
 * gets it (ids are in the order of creation). The others keep their old keys and are found by their exact spelling.
 */
export async function up(db: Knex): Promise<void> {
  for await (const account of everyAccount(db)) {
    const changes = { ...(await newAddress(db, account)), ...newName(account) };
    if (Object.keys(changes).length > 0) await db('accounts').where({ id: account.id }).update(changes);
  }
  const groups: readonly GroupRow[] = await db('groups').select('id', 'name', 'name_key').orderBy('id');
  for (const group of groups) {
    const key = digest(nameKey(group.name.trim()));
    if (key !== group.name_key && (await isFree(db, 'groups', { name_key: key }))) {
      await db('groups').where({ id: group.id }).update({ name_key: key });
    }
  }
  // A browser's own description may be a web address, and would be mailed to people.
  for (const table of ['trusted_browsers', 'sign_ins', 'reset_requests']) {
    await db(table).where('browser', 'like', '%.%').update({ browser: '' });
  }
}

/** Restores the earlier keys. They are unique, because all accounts have different spellings. */
export async function down(db: Knex): Promise<void> {
  for await (const { id, email, email_key } of everyAccount(db)) {
    const key = formerEmailKey(email);
    if (key !== email_key) await db('accounts').where({ id }).update({ email_key: key });
  }
}

async function* everyAccount(db: Knex): AsyncIterable<AccountRow> {
  let last = '';
  for (;;) {
    const rows: readonly AccountRow[] = await db('accounts')
      .select('id', 'email', 'email_key', 'name', 'name_key')
      .where('id', '>', last)
      .orderBy('id')
      .limit(BATCH);
    yield* rows;
    const next = rows.at(-1)?.id;
    if (next === undefined) return;
    last = next;
  }
}

async function newAddress(db: Knex, { email, email_key }: AccountRow): Promise<Partial<AccountRow>> {
  const spelled = spelledEmail(withoutHidden(email));
  const key = emailKey(email);
  if (key === email_key) return spelled === email ? {} : { email: spelled };
  if (key.length > LONGEST_EMAIL_KEY || !(await isFree(db, 'accounts', { email_key: key }))) return {};
  return { email: spelled, email_key: key };
}

/** Removes invisible characters before the "@": no real mailbox has them in its name. */
function withoutHidden(email: string): string {
  const at = email.lastIndexOf('@');
  return withoutUnseen(email.slice(0, at)) + email.slice(at);
}

/** An invisible name would be an invisible link: it is replaced by the address. */
function newName({ email, name, name_key }: AccountRow): Partial<AccountRow> {
  const shown = showsSomething(name) ? name : spelledEmail(withoutHidden(email));
  const key = Array.from(nameKey(shown)).slice(0, LONGEST_NAME_KEY).join('');
  return { ...(shown !== name && { name: shown }), ...(key !== name_key && { name_key: key }) };
}

function nameKey(name: string): string {
  return normalized(withoutUnseen(name), 'NFKC').toLowerCase();
}

function digest(key: string): string {
  return createHash('sha256')
    .update(JSON.stringify([key]))
    .digest('base64url');
}

async function isFree(db: Knex, table: string, key: Readonly<Record<string, string>>): Promise<boolean> {
  return (await db(table).where(key).first('id')) === undefined;
}
