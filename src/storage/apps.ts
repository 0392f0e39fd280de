import type { Knex } from 'knex';
import { z } from 'zod';
import {
  APP_KINDS,
  type App,
  cookieHostOf,
  type HostApp,
  type ListedApp,
  PROOFS,
  REMOTE_USERS,
} from '../apps/app.ts';
import type { AppStore, AppUser, Clash } from '../apps/apps.ts';
import { oidcClientSchema } from '../apps/oidc-client.ts';
import { signedHandOverSchema } from '../apps/signed-hand-over.ts';
import { mappedRow, toColumns } from './sql/row-mapper.ts';
import { byName, digest, integerColumn, json, searchKey } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';
import { insertUnique, transaction } from './sql/transaction.ts';

const TABLE = 'apps';
const GROUPS = 'app_groups';
const USES = 'app_uses';

const APP = {
  id: z.string(),
  name: z.string(),
  kind: z.enum(APP_KINDS),
  origin: z.string(),
  host: z.string(),
  details: json.nullable(),
  audience: z.enum(['everybody', 'groups']),
  proof: z.enum(PROOFS),
  freshMinutes: integerColumn.nullable(),
  confirmsEmail: integerColumn,
  remoteUser: z.enum(REMOTE_USERS),
  createdAt: integerColumn,
};
/** The columns of an app; its groups are rows of another table. */
export const appColumns = mappedRow(APP);
const listedRows = z.array(mappedRow({ ...APP, lastSignInAt: integerColumn.nullable() }));
export const appGroupColumns = mappedRow({ appId: z.string(), groupId: z.string() });
export const appUseColumns = mappedRow({ appId: z.string(), accountId: z.string(), lastAt: integerColumn });
const appGroupRows = z.array(appGroupColumns);
const userRows = z.array(
  mappedRow({ accountId: z.string(), name: z.string(), email: z.string(), lastAt: integerColumn }),
);

export class KnexAppStore extends SqlStore implements AppStore {
  async all(): Promise<readonly ListedApp[]> {
    const found = await this.#where({});
    return found.sort(byName);
  }

  async any(): Promise<boolean> {
    const found: unknown = await this.db(TABLE).first('id');
    return found !== undefined;
  }

  async find(id: string): Promise<ListedApp | undefined> {
    return (await this.#where({ id }))[0];
  }

  async findByName(name: string): Promise<ListedApp | undefined> {
    return (await this.#where({ name_key: nameKey(name) }))[0];
  }

  async findByHost(host: string): Promise<ListedApp<HostApp> | undefined> {
    // Anybody can write one into an address, and PostgreSQL fails on it.
    if (host.includes('\0')) return undefined;
    return exactly(host, await this.#where({ host }));
  }

  async create(app: App): Promise<Clash | undefined> {
    return transaction(this.db, async (trx) => {
      const isFree = await insertUnique(trx, (db) => db(TABLE).insert(rowOf(app)));
      if (!isFree) return clashOf(trx, app);
      await admit(trx, app);
      return undefined;
    });
  }

  async change(app: App): Promise<Clash | 'gone' | undefined> {
    return transaction(this.db, async (trx) => {
      let changed = 0;
      const isFree = await insertUnique(trx, async (db) => {
        changed = await db(TABLE).where({ id: app.id }).update(rowOf(app));
      });
      if (!isFree) return clashOf(trx, app);
      if (changed === 0) return 'gone';
      await trx(GROUPS).where({ app_id: app.id }).delete();
      await admit(trx, app);
      return undefined;
    });
  }

  async remove(id: string): Promise<boolean> {
    return (await this.db(TABLE).where({ id }).delete()) === 1;
  }

  async users(id: string, most: number): Promise<readonly AppUser[]> {
    const rows: unknown = await this.db(USES)
      .join('accounts', 'accounts.id', `${USES}.account_id`)
      .where({ app_id: id })
      .orderBy([
        { column: 'last_at', order: 'desc' },
        { column: 'account_id', order: 'desc' },
      ])
      .limit(most)
      .select('account_id', 'name', 'email', 'last_at');
    return userRows.parse(rows);
  }

  async #where(where: Readonly<Record<string, string>>): Promise<ListedApp[]> {
    const last = this.db(USES)
      .max('last_at')
      .whereRaw('?? = ??', ['app_id', `${TABLE}.id`])
      .as('last_sign_in_at');
    const rows = listedRows.parse(await this.db(TABLE).where(where).select(`${TABLE}.*`, last));
    if (rows.length === 0) return [];
    // Each sign-in and each front page asks, also where there are no apps.
    if (rows.length === 0) return [];
    const ids = rows.map(({ id }) => id);
    const groups = Map.groupBy(
      appGroupRows.parse(await this.db(GROUPS).whereIn('app_id', ids).orderBy('group_id')),
      ({ appId }) => appId,
    );
    return rows.map(({ lastSignInAt, ...row }) => ({
      ...appOf(
        row,
        (groups.get(row.id) ?? []).map(({ groupId }) => groupId),
      ),
      lastSignInAt,
    }));
  }
}

/** An app from its row and the ids of its groups. */
export function appOf(row: z.output<typeof appColumns>, groupIds: readonly string[]): App {
  const { id, name, origin, proof, freshMinutes, createdAt } = row;
  const common = {
    ...{ id, name, origin, proof, freshMinutes, createdAt },
    audience: row.audience === 'everybody' ? row.audience : groupIds,
    confirmsEmail: row.confirmsEmail === 1,
  };
  switch (row.kind) {
    case 'host':
      return { ...common, kind: 'host', host: row.host, remoteUser: row.remoteUser };
    case 'oidc':
      return { ...common, kind: 'oidc', client: oidcClientSchema.parse(row.details) };
    case 'signed':
      return { ...common, kind: 'signed', signed: signedHandOverSchema.parse(row.details) };
  }
}

function rowOf(app: App) {
  const { audience, confirmsEmail, name } = app;
  return {
    ...toColumns(appColumns, { ...app, ...hostColumnsOf(app) }),
    name_key: nameKey(name),
    cookie_host: app.kind === 'host' ? cookieHostOf(app.origin) : keyWithoutHost(app),
    details: detailsOf(app),
    audience: audience === 'everybody' ? audience : 'groups',
    confirms_email: Number(confirmsEmail),
  };
}

/** An app that is not behind a proxy has no cookie of ours on its host, so it takes no host for itself. */
function hostColumnsOf(app: App): Pick<HostApp, 'host' | 'remoteUser'> {
  return app.kind === 'host' ? app : { host: keyWithoutHost(app), remoteUser: 'id' };
}

/** Unique, and no host: the columns of hosts are unique and not null. */
function keyWithoutHost({ id }: App): string {
  return `:${id}`;
}

function detailsOf(app: App): string | null {
  if (app.kind === 'host') return null;
  return JSON.stringify(app.kind === 'oidc' ? app.client : app.signed);
}

/** The groups that still exist; an app whose groups are all gone is for nobody. */
async function admit(trx: Knex.Transaction, { id, audience }: App): Promise<void> {
  if (audience === 'everybody' || audience.length === 0) return;
  const rows: unknown = await trx('groups')
    .whereIn('id', [...audience])
    .select('id')
    .forUpdate();
  const groups = z.array(z.object({ id: z.string() })).parse(rows);
  if (groups.length > 0) {
    await trx(GROUPS).insert(groups.map((group) => ({ app_id: id, group_id: group.id })));
  }
}

/** The app with this host. MariaDB finds it with spaces at the end, too. */
export function exactly<One extends App>(
  host: string,
  found: readonly One[],
): Extract<One, HostApp> | undefined {
  return found.find((app): app is Extract<One, HostApp> => app.kind === 'host' && app.host === host);
}

/** Which unique key another app has. */
async function clashOf(trx: Knex.Transaction, { id, name }: App): Promise<Clash> {
  const namesake: unknown = await trx(TABLE)
    .where({ name_key: nameKey(name) })
    .whereNot({ id })
    .first('id');
  return namesake === undefined ? 'host taken' : 'name taken';
}

function nameKey(name: string): string {
  return digest(searchKey(name.trim()));
}
