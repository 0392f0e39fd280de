import type { Knex } from 'knex';
import { z } from 'zod';
import type { Account, Enforcement, Role } from '../accounts/account.ts';
import type { Accounts, NewAccount, NewMember } from '../accounts/accounts.ts';
import { emailKey, emailKeys, spelledEmail } from '../kernel/email-address.ts';
import type { Instant } from '../kernel/time.ts';
import { accountColumns, accountRow } from './account-rows.ts';
import { joinGroups } from './groups.ts';
import { retryOnConflict } from './sql/conflicts.ts';
import { toColumns } from './sql/row-mapper.ts';
import { integerColumn, searchKey } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';
import { insertUnique, transaction } from './sql/transaction.ts';

const TABLE = 'accounts';
const FOUNDER = 1;
const NAME_KEY_LENGTH = 255;

export class KnexAccounts extends SqlStore implements Accounts {
  async find(id: string): Promise<Account | undefined> {
    const row: unknown = await this.db(TABLE).where({ id }).first();
    return accountRow.optional().parse(row);
  }

  async findByEmail(email: string): Promise<Account | undefined> {
    const keys = emailKeys(email);
    const rows = keyedRows.parse(await this.db(TABLE).whereIn('email_key', keys));
    const [first] = rows.sort((one, other) => keys.indexOf(one.email_key) - keys.indexOf(other.email_key));
    return accountRow.optional().parse(first);
  }

  async create(account: NewAccount): Promise<boolean> {
    return insertUnique(this.db, (db) => db(TABLE).insert(newRow(account)));
  }

  async findByEmails(emails: readonly string[]): Promise<readonly Account[]> {
    const rows: unknown = await this.db(TABLE).whereIn('email_key', emails.map(emailKey));
    return z.array(accountRow).parse(rows);
  }

  async createMany(accounts: readonly NewMember[]): Promise<ReadonlySet<string>> {
    const ids = accounts.map(({ id }) => id);
    return transaction(this.db, async (trx) => {
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

  /** Of several that find no account at the same time, the unique column `founder` accepts one. */
  async createFirst(account: NewAccount): Promise<boolean> {
    if (!(await this.isEmpty())) return false;
    return insertUnique(this.db, (db) => db(TABLE).insert({ ...newRow(account), founder: FOUNDER }));
  }

  async isEmpty(): Promise<boolean> {
    return (await this.db(TABLE).select('id').first()) === undefined;
  }

  async rename(id: string, name: string): Promise<void> {
    await this.db(TABLE).where({ id }).update(nameColumns(name));
  }

  async chooseLocale(id: string, locale: string | null): Promise<void> {
    await this.db(TABLE).where({ id }).update({ locale });
  }

  async changeEmail(id: string, email: string, confirmedAt: Instant): Promise<boolean> {
    const columns = { ...emailColumns(email), email_confirmed_at: confirmedAt };
    return insertUnique(this.db, (db) => db(TABLE).where({ id }).update(columns));
  }

  async confirmEmail(id: string, email: string, at: Instant): Promise<void> {
    await this.db(TABLE)
      .where({ id, email_key: emailKey(email), email_confirmed_at: null })
      .update({ email_confirmed_at: at });
  }

  async changePassword(id: string, passwordHash: string): Promise<number> {
    return this.#raiseEpoch(id, { password_hash: passwordHash });
  }

  async resetPassword(id: string, passwordHash: string, at: Instant): Promise<number> {
    return this.#raiseEpoch(id, { password_hash: passwordHash, reset_by_mail_at: at });
  }

  async rehashPassword(id: string, from: string, to: string): Promise<void> {
    await this.db(TABLE).where({ id, password_hash: from }).update({ password_hash: to });
  }

  async endSessions(id: string): Promise<number> {
    return this.#raiseEpoch(id, {});
  }

  async recordSignIn(id: string, epoch: number, at: Instant, language: string | undefined): Promise<void> {
    // The epoch: a reset in between has ended this sign-in, which then must not clear `reset_by_mail_at`.
    await this.db(TABLE)
      .where({ id, session_epoch: epoch })
      .update({
        last_sign_in_at: at,
        reset_by_mail_at: null,
        ...(language !== undefined && { known_language: language }),
      });
  }

  async takeSuggestion(id: string, at: Instant): Promise<boolean> {
    const updated = await this.db(TABLE).where({ id, suggested_at: null }).update({ suggested_at: at });
    return updated === 1;
  }

  async disable(id: string, at: Instant): Promise<boolean> {
    return this.#keepingAnAdministrator(id, async (trx) => {
      await trx(TABLE)
        .where({ id, disabled_at: null })
        .update({ disabled_at: at, session_epoch: trx.raw('session_epoch + 1') });
    });
  }

  async enable(id: string, approvesFrom?: Instant | null): Promise<void> {
    const columns = {
      disabled_at: null,
      ...(approvesFrom !== undefined && { approves_from: approvesFrom }),
    };
    await retryOnConflict(this.db, async () => this.db(TABLE).where({ id }).update(columns));
  }

  async setRole(id: string, role: Role, approvesFrom: Instant | null = null): Promise<boolean> {
    const change = async (db: Knex) => {
      const columns = { role, approves_from: role === 'administrator' ? approvesFrom : null };
      await db(TABLE).where({ id }).whereNot({ role }).update(columns);
    };
    if (role === 'member') return this.#keepingAnAdministrator(id, change);
    await retryOnConflict(this.db, () => change(this.db));
    return true;
  }

  async administrators(): Promise<readonly Account[]> {
    const rows: unknown = await this.db(TABLE)
      .where({ role: 'administrator', disabled_at: null })
      .whereNotNull('password_hash')
      .orderBy('id');
    return z.array(accountRow).parse(rows);
  }

  async stopProbations(now: Instant): Promise<void> {
    const administrators = this.db(TABLE).where({ role: 'administrator' });
    await administrators.where('approves_from', '>', now).update({ approves_from: null });
  }

  async endProbations(now: Instant, invitedFrom: Instant): Promise<void> {
    const invited = this.db(TABLE).where({ role: 'administrator', password_hash: null });
    await invited.update({ approves_from: invitedFrom });
    const disabled = this.db(TABLE).where({ role: 'administrator' }).whereNotNull('disabled_at');
    await disabled.update({ approves_from: null });
    await this.db(TABLE)
      .where({ role: 'administrator', disabled_at: null })
      .whereNotNull('password_hash')
      .where((either) => either.whereNull('approves_from').orWhere('approves_from', '>', now))
      .update({ approves_from: now });
  }

  async enforce(id: string, enforcement: Enforcement | null): Promise<boolean> {
    const account = this.db(TABLE).where({ id });
    const changed = await retryOnConflict(this.db, async () =>
      enforcement === null
        ? account.whereNotNull('enforced_at').update({ enforced_at: null, enforced_grace: null })
        : account
            .whereNull('enforced_at')
            .update({ enforced_at: enforcement.at, enforced_grace: JSON.stringify(enforcement.grace) }),
    );
    return changed === 1;
  }

  async #raiseEpoch(
    id: string,
    changes: { readonly password_hash?: string; readonly reset_by_mail_at?: Instant },
  ): Promise<number> {
    return transaction(this.db, async (trx) => {
      await trx(TABLE)
        .where({ id })
        .update({ ...changes, session_epoch: trx.raw('session_epoch + 1') });
      const row: unknown = await trx(TABLE).select('session_epoch').where({ id }).first();
      return z.object({ session_epoch: integerColumn }).parse(row).session_epoch;
    });
  }

  /**
   * Locks the enabled administrators in one order. Otherwise two administrators who remove each other's role at the same time
   * would both find that one is left. An invited administrator without a password does not count as the one who is left.
   */
  async #keepingAnAdministrator(id: string, change: (trx: Knex) => Promise<void>): Promise<boolean> {
    return transaction(this.db, async (trx) => {
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

const keyedRows = z.array(z.looseObject({ email_key: z.string() }));

const idRow = z.object({ id: z.string() });

const administratorRow = z.object({ id: z.string(), password_hash: z.string().nullable() });

function newRow(account: NewAccount) {
  const { id, email, name, locale, knownLanguage, passwordHash, role, createdAt } = account;
  return {
    ...toColumns(accountColumns, { id, locale, knownLanguage, passwordHash, role, createdAt }),
    ...emailColumns(email),
    email_confirmed_at: account.emailConfirmedAt ?? null,
    ...nameColumns(name),
    approves_from: role === 'administrator' ? (account.approvesFrom ?? null) : null,
  };
}

function emailColumns(email: string) {
  return { email: spelledEmail(email), email_key: emailKey(email) };
}

function nameColumns(name: string) {
  return { name, name_key: Array.from(searchKey(name)).slice(0, NAME_KEY_LENGTH).join('') };
}
