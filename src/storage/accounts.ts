import type { Knex } from 'knex';
import { z } from 'zod';
import { type Account, type Enforcement, emailKey, type Role } from '../accounts/account.ts';
import type { Accounts, NewAccount, NewMember } from '../accounts/accounts.ts';
import type { Instant } from '../time.ts';
import { accountRow } from './account-rows.ts';
import { persistently, transaction, unlessTaken } from './contention.ts';
import { joinGroups } from './groups.ts';
import { searchKey, whole } from './rows.ts';

const TABLE = 'accounts';
const FOUNDER = 1;
const NAME_KEY_LENGTH = 255;

/** Accounts in the database. */
export class KnexAccounts implements Accounts {
  readonly #db: Knex;

  constructor(db: Knex) {
    this.#db = db;
  }

  async find(id: string): Promise<Account | undefined> {
    const row: unknown = await this.#db(TABLE).where({ id }).first();
    return accountRow.optional().parse(row);
  }

  async findByEmail(email: string): Promise<Account | undefined> {
    const row: unknown = await this.#db(TABLE)
      .where({ email_key: emailKey(email) })
      .first();
    return accountRow.optional().parse(row);
  }

  async create(account: NewAccount): Promise<boolean> {
    return unlessTaken(() => this.#db(TABLE).insert(newRow(account)));
  }

  async findByEmails(emails: readonly string[]): Promise<readonly Account[]> {
    const rows: unknown = await this.#db(TABLE).whereIn('email_key', emails.map(emailKey));
    return z.array(accountRow).parse(rows);
  }

  async createMany(accounts: readonly NewMember[]): Promise<ReadonlySet<string>> {
    const ids = accounts.map(({ id }) => id);
    return transaction(this.#db, async (trx) => {
      await trx(TABLE).insert(accounts.map(newRow)).onConflict('email_key').ignore();
      const rows: unknown = await trx(TABLE).select('id').whereIn('id', ids);
      const created = new Set(
        z
          .array(idRow)
          .parse(rows)
          .map(({ id }) => id),
      );
      await joinGroups(
        trx,
        accounts.filter(({ id }) => created.has(id)),
      );
      return created;
    });
  }

  /** Of those who find no account at the same time, the unique column lets one in. */
  async createFirst(account: NewAccount): Promise<boolean> {
    if (!(await this.isEmpty())) return false;
    return unlessTaken(() => this.#db(TABLE).insert({ ...newRow(account), founder: FOUNDER }));
  }

  async isEmpty(): Promise<boolean> {
    return (await this.#db(TABLE).select('id').first()) === undefined;
  }

  async rename(id: string, name: string): Promise<void> {
    await this.#db(TABLE).where({ id }).update(nameColumns(name));
  }

  async chooseLocale(id: string, locale: string | null): Promise<void> {
    await this.#db(TABLE).where({ id }).update({ locale });
  }

  async changeEmail(id: string, email: string): Promise<boolean> {
    return unlessTaken(() => this.#db(TABLE).where({ id }).update(emailColumns(email)));
  }

  async changePassword(id: string, passwordHash: string): Promise<number> {
    return this.#raiseEpoch(id, { password_hash: passwordHash });
  }

  async rehashPassword(id: string, from: string, to: string): Promise<void> {
    await this.#db(TABLE).where({ id, password_hash: from }).update({ password_hash: to });
  }

  async endSessions(id: string): Promise<number> {
    return this.#raiseEpoch(id, {});
  }

  async recordSignIn(id: string, at: Instant): Promise<void> {
    await this.#db(TABLE).where({ id }).update({ last_sign_in_at: at });
  }

  async takeSuggestion(id: string, at: Instant): Promise<boolean> {
    const updated = await this.#db(TABLE).where({ id, suggested_at: null }).update({ suggested_at: at });
    return updated === 1;
  }

  async disable(id: string, at: Instant): Promise<boolean> {
    return this.#keepingAnAdministrator(id, async (trx) => {
      await trx(TABLE)
        .where({ id, disabled_at: null })
        .update({ disabled_at: at, session_epoch: trx.raw('session_epoch + 1') });
    });
  }

  async enable(id: string): Promise<void> {
    await persistently(async () => this.#db(TABLE).where({ id }).update({ disabled_at: null }));
  }

  async setRole(id: string, role: Role): Promise<boolean> {
    const change = async (db: Knex) => {
      await db(TABLE).where({ id }).update({ role });
    };
    if (role === 'member') return this.#keepingAnAdministrator(id, change);
    await persistently(() => change(this.#db));
    return true;
  }

  async enforce(id: string, enforcement: Enforcement | null): Promise<boolean> {
    const account = this.#db(TABLE).where({ id });
    const changed = await persistently(async () =>
      enforcement === null
        ? account.whereNotNull('enforced_at').update({ enforced_at: null, enforced_grace: null })
        : account
            .whereNull('enforced_at')
            .update({ enforced_at: enforcement.at, enforced_grace: JSON.stringify(enforcement.grace) }),
    );
    return changed === 1;
  }

  async #raiseEpoch(id: string, changes: { readonly password_hash?: string }): Promise<number> {
    return transaction(this.#db, async (trx) => {
      await trx(TABLE)
        .where({ id })
        .update({ ...changes, session_epoch: trx.raw('session_epoch + 1') });
      const row: unknown = await trx(TABLE).select('session_epoch').where({ id }).first();
      return z.object({ session_epoch: whole }).parse(row).session_epoch;
    });
  }

  /**
   * Locks the enabled administrators in one order, so that two who each take the other's role wait for one another
   * instead of both finding that one is left. Who has not accepted the invitation yet cannot stand in for the last.
   */
  async #keepingAnAdministrator(id: string, change: (trx: Knex) => Promise<void>): Promise<boolean> {
    return transaction(this.#db, async (trx) => {
      const rows: unknown = await trx(TABLE)
        .select('id', 'password_hash')
        .where({ role: 'administrator', disabled_at: null })
        .orderBy('id')
        .forUpdate();
      const administrators = z.array(administratorRow).parse(rows);
      const isOne = administrators.some((one) => one.id === id);
      const othersCanSignIn = administrators.some((one) => one.id !== id && one.password_hash !== null);
      if (isOne && !othersCanSignIn) return false;
      await change(trx);
      return true;
    });
  }
}

const idRow = z.object({ id: z.string() });

const administratorRow = z.object({ id: z.string(), password_hash: z.string().nullable() });

function newRow(account: NewAccount) {
  return {
    id: account.id,
    ...emailColumns(account.email),
    ...nameColumns(account.name),
    locale: account.locale,
    password_hash: account.passwordHash,
    role: account.role,
    created_at: account.createdAt,
  };
}

function emailColumns(email: string) {
  return { email, email_key: emailKey(email) };
}

function nameColumns(name: string) {
  return { name, name_key: Array.from(searchKey(name)).slice(0, NAME_KEY_LENGTH).join('') };
}
