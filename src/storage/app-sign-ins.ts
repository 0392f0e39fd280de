import type { Knex } from 'knex';
import { z } from 'zod';
import type { AppSignIn, AppSignInStore, AppSnapshot, AppSnapshots } from '../apps/app-sign-ins.ts';
import type { Instant } from '../kernel/time.ts';
import { appColumns, appGroupColumns, appOf, exactly } from './apps.ts';
import { PERSON_PARTS, personOf } from './auth-snapshots.ts';
import { settingsOf } from './settings.ts';
import { retryOnConflict } from './sql/conflicts.ts';
import { identified, jsonUnion, type Part, type UnionRows } from './sql/json-union.ts';
import { LastParsed } from './sql/last-parsed.ts';
import { columnsOf, mappedRow, toColumns } from './sql/row-mapper.ts';
import { integerColumn } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';
import { transaction } from './sql/transaction.ts';

export const APP_SIGN_INS = 'app_sign_ins';

export const signInColumns = mappedRow({
  id: z.string(),
  appId: z.string(),
  signInId: z.string(),
  accountId: z.string(),
  createdAt: integerColumn,
  lastSeenAt: integerColumn,
  expiresAt: integerColumn,
});

/** Made once, because each request to an app uses them. */
const appRows = z.array(appColumns);
const appGroupRows = z.array(appGroupColumns);
const signInRows = z.array(signInColumns);
const openedRows = z.array(mappedRow({ id: z.string(), appId: z.string() }));

export class KnexAppSignInStore extends SqlStore implements AppSignInStore {
  async create({
    tokenHash,
    ...signIn
  }: Omit<AppSignIn, 'lastSeenAt'> & { readonly tokenHash: string }): Promise<void> {
    const row = toColumns(signInColumns, { ...signIn, lastSeenAt: signIn.createdAt });
    await transaction(this.db, async (trx) => {
      await trx(APP_SIGN_INS).insert({ ...row, token_hash: tokenHash });
      await recordAppUse(trx, signIn, signIn.createdAt);
    });
  }

  async touch(id: string, at: Instant): Promise<void> {
    await retryOnConflict(this.db, async () =>
      this.db(APP_SIGN_INS).where({ id }).update({ last_seen_at: at }),
    );
  }

  async openedBy(signInId: string, now: Instant): Promise<readonly Pick<AppSignIn, 'id' | 'appId'>[]> {
    const rows: unknown = await this.db(APP_SIGN_INS)
      .where({ sign_in_id: signInId })
      .where('expires_at', '>', now)
      .orderBy('id')
      .select('id', 'app_id');
    return openedRows.parse(rows);
  }

  async forget(now: Instant): Promise<void> {
    await retryOnConflict(this.db, async () => this.db(APP_SIGN_INS).where('expires_at', '<=', now).delete());
  }
}

/** Records when somebody last signed in to an app. */
export async function recordAppUse(
  db: Knex,
  { appId: app_id, accountId: account_id }: Pick<AppSignIn, 'appId' | 'accountId'>,
  at: Instant,
): Promise<void> {
  const use = { app_id, account_id, last_at: at };
  await db('app_uses').insert(use).onConflict(['app_id', 'account_id']).merge(['last_at']);
}

const PARTS = {
  ...PERSON_PARTS,
  // No check needs the hash of the password.
  account: {
    ...PERSON_PARTS.account,
    columns: { ...PERSON_PARTS.account.columns, password_hash: 'null' },
  },
  app: { columns: identified(columnsOf(appColumns)), from: '{apps} where {host} = :host' },
  appGroups: {
    columns: identified(columnsOf(appGroupColumns)),
    from: '{app_groups} where {app_id} = (select {id} from {apps} where {host} = :host)',
  },
  appSignIn: {
    columns: identified(columnsOf(signInColumns)),
    from: '{app_sign_ins} where {token_hash} = :tokenHash',
  },
} as const satisfies Readonly<Record<string, Part>>;

/** The account and the sign-in of the cookie, where `PERSON_PARTS` names those of a session. */
const OF_COOKIE = {
  accountId: '(select {account_id} from {app_sign_ins} where {token_hash} = :tokenHash)',
  signInId: '(select {sign_in_id} from {app_sign_ins} where {token_hash} = :tokenHash)',
};

const UNION = jsonUnion(PARTS, OF_COOKIE);

/** Reads what a check needs by one statement. The database is asked each time. */
export class KnexAppSnapshots extends SqlStore implements AppSnapshots {
  readonly #last = new LastParsed<AppSnapshot>(
    ({ app, appSignIn }) => app !== undefined && appSignIn !== undefined,
  );

  async read(host: string, tokenHash: string): Promise<AppSnapshot> {
    const rows = await UNION.read(this.db, { host, tokenHash });
    return this.#last.of(`${tokenHash} ${host}`, rows.text, () => snapshotOf(host, rows));
  }
}

function snapshotOf(host: string, rows: UnionRows<keyof typeof PARTS>): AppSnapshot {
  const groupIds = appGroupRows.parse(rows.of('appGroups')).map(({ groupId }) => groupId);
  const apps = appRows.parse(rows.of('app')).map((row) => appOf(row, groupIds));
  return {
    settings: settingsOf(rows.of('settings')),
    app: exactly(host, apps),
    appSignIn: signInRows.parse(rows.of('appSignIn'))[0],
    person: personOf(rows),
  };
}
