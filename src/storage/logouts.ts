import type { Knex } from 'knex';
import { z } from 'zod';
import { ABSOLUTE_LIMIT } from '../accounts/sign-ins.ts';
import type { AppSignIn } from '../apps/app-sign-ins.ts';
import {
  FAILURES_REMEMBERED,
  LATE_LOGOUT,
  type LateApp,
  LOGOUT_STATES,
  type Logout,
  type LogoutDepth,
  type LogoutEnding,
  type LogoutProblems,
  type LogoutState,
  type LogoutStore,
  type OpenLogouts,
  TOLD_REMEMBERED,
  type TrustedLogout,
} from '../apps/logouts.ts';
import type { Instant } from '../kernel/time.ts';
import { retryOnConflict } from './sql/conflicts.ts';
import { columnsOf, mappedRow } from './sql/row-mapper.ts';
import { byName, countOf, integerColumn } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';

const TABLE = 'app_logouts';
const OPEN = { [`${TABLE}.state`]: 'open' };

export const logoutRow = mappedRow({
  id: z.string(),
  appId: z.string(),
  accountId: z.string(),
  state: z.enum(LOGOUT_STATES),
  tries: integerColumn,
  overAt: integerColumn.nullable(),
  dueAt: integerColumn,
  settledAt: integerColumn.nullable(),
  fault: z.string().nullable(),
});

const SHOWN = columnsOf(logoutRow);
const idRows = z.array(z.object({ id: z.string() })).transform((rows) => rows.map(({ id }) => id));
const appRows = z.array(z.object({ app_id: z.string() })).transform((rows) => rows.map((row) => row.app_id));
const trustedRows = z.array(mappedRow({ id: z.string(), accountId: z.string(), signInId: z.string() }));
const dueRow = z.object({ due_at: integerColumn.nullable() });
const stateRows = z.array(z.object({ id: z.string(), state: z.enum(LOGOUT_STATES) }));
const lateApps = z.array(
  mappedRow({ appId: z.string(), name: z.string(), count: integerColumn, since: integerColumn }),
);
const depthRow = z.object({ waiting: integerColumn, late: integerColumn });
const faultRow = z.object({ fault: z.string().nullable() });
const lateRow = z.object({ late: integerColumn, since: integerColumn.nullable() });

export class KnexLogoutStore extends SqlStore implements LogoutStore {
  async expect({
    id,
    appId: app_id,
    accountId: account_id,
    signInId: sign_in_id,
    createdAt: created_at,
  }: Pick<AppSignIn, 'id' | 'appId' | 'accountId' | 'signInId' | 'createdAt'>): Promise<void> {
    const bound = { id, app_id, account_id, sign_in_id };
    await this.db(TABLE).insert({ ...bound, created_at, state: 'open', tries: 0, due_at: created_at });
  }

  async any(): Promise<boolean> {
    return (await this.db(TABLE).whereIn('state', ['open', 'due']).first('id')) !== undefined;
  }

  async over(now: Instant, most: number, among: OpenLogouts): Promise<readonly string[]> {
    const rows: unknown = await this.#openOnes()
      .leftJoin('accounts', 'accounts.id', 'sign_ins.account_id')
      .leftJoin('trusted_browsers', 'trusted_browsers.id', 'sign_ins.trusted_browser_id')
      .modify(within, among)
      // Whatever is not certainly open is over: also a sign-in or an account that is no longer there.
      .whereNot((open) =>
        open
          .whereNotNull('accounts.id')
          .whereNull('accounts.disabled_at')
          .whereRaw('?? = ??', ['accounts.session_epoch', 'sign_ins.epoch'])
          .whereNull('sign_ins.ended_at')
          .where('sign_ins.started_at', '>', now - ABSOLUTE_LIMIT)
          .where((trust) =>
            trust.whereNull('sign_ins.trusted_browser_id').orWhereNotNull('trusted_browsers.basis'),
          ),
      )
      .limit(most)
      .select(`${TABLE}.id`);
    return idRows.parse(rows);
  }

  async endOfWindow(after: string, size: number): Promise<string | undefined> {
    const open = this.db(TABLE).where(OPEN).where('id', '>', after).orderBy('id');
    return idRows.parse(
      await open
        .offset(size - 1)
        .limit(1)
        .select('id'),
    )[0];
  }

  async trusted(now: Instant, most: number, among: OpenLogouts): Promise<readonly TrustedLogout[]> {
    const rows: unknown = await this.db(TABLE)
      .join('sign_ins', 'sign_ins.id', `${TABLE}.sign_in_id`)
      .where(OPEN)
      .modify(within, among)
      .whereNotNull('sign_ins.trusted_browser_id')
      .where(`${TABLE}.due_at`, '<=', now)
      .orderBy(`${TABLE}.due_at`)
      .limit(most)
      .select(`${TABLE}.id`, `${TABLE}.account_id`, `${TABLE}.sign_in_id`);
    return trustedRows.parse(rows);
  }

  async lookAgain(ids: readonly string[], at: Instant): Promise<void> {
    await this.#change(ids, { due_at: at });
  }

  async markDue(ids: readonly string[], now: Instant): Promise<void> {
    await this.#change(ids, { state: 'due', over_at: now, due_at: now });
  }

  async appsDue(now: Instant): Promise<readonly string[]> {
    return appRows.parse(await this.#due(now).distinct('app_id'));
  }

  async due(appId: string, now: Instant, most: number): Promise<readonly string[]> {
    const due = this.#due(now).where({ app_id: appId }).orderBy(['tries', 'due_at', 'id']);
    return idRows.parse(await due.limit(most).select('id'));
  }

  async claim(id: string, now: Instant, until: Instant): Promise<Logout | undefined> {
    const claimed = await retryOnConflict(this.db, async () =>
      this.#due(now)
        .where({ id })
        .update({ due_at: until, tries: this.db.raw('tries + 1') }),
    );
    if (claimed !== 1) return undefined;
    const row: unknown = await this.db(TABLE).where({ id, state: 'due' }).first(SHOWN);
    return logoutRow.optional().parse(row);
  }

  async settle(
    { id, tries }: Pick<Logout, 'id' | 'tries'>,
    { state, at, fault }: LogoutEnding,
  ): Promise<boolean> {
    const settled = await retryOnConflict(this.db, async () => {
      const waiting = this.db(TABLE).where({ id, state: 'due' });
      if (state !== 'told') waiting.where({ tries });
      return waiting.update({ state, settled_at: at, fault });
    });
    return settled === 1;
  }

  async postpone({ id, tries }: Pick<Logout, 'id' | 'tries'>, dueAt: Instant, fault: string): Promise<void> {
    await retryOnConflict(this.db, async () =>
      this.db(TABLE).where({ id, state: 'due', tries }).update({ due_at: dueAt, fault }),
    );
  }

  async rest(appId: string, now: Instant, until: Instant): Promise<void> {
    await retryOnConflict(this.db, async () =>
      this.#due(now).where({ app_id: appId }).update({ due_at: until }),
    );
  }

  async drop(id: string): Promise<void> {
    await retryOnConflict(this.db, async () => this.db(TABLE).where({ id }).delete());
  }

  async nextDue(): Promise<Instant | undefined> {
    const row: unknown = await this.db(TABLE).where({ state: 'due' }).min({ due_at: 'due_at' }).first();
    return dueRow.parse(row).due_at ?? undefined;
  }

  async statesOf(ids: readonly string[]): Promise<ReadonlyMap<string, LogoutState>> {
    const rows: unknown = await this.db(TABLE)
      .whereIn('id', [...ids])
      .select('id', 'state');
    return new Map(stateRows.parse(rows).map(({ id, state }) => [id, state]));
  }

  async late(now: Instant): Promise<readonly LateApp[]> {
    const rows: unknown = await this.db(TABLE)
      .join('apps', 'apps.id', `${TABLE}.app_id`)
      .where({ state: 'due' })
      .where('over_at', '<', now - LATE_LOGOUT)
      .groupBy('app_id', 'name')
      .select('app_id', 'name', this.db.raw('count(*) as count, min(over_at) as since'));
    return lateApps.parse(rows).sort(byName);
  }

  async problemsOf(appId: string, now: Instant): Promise<LogoutProblems> {
    const of = () => this.db(TABLE).where({ app_id: appId });
    const isLate = () =>
      of()
        .where({ state: 'due' })
        .where('over_at', '<', now - LATE_LOGOUT);
    const hasFailed = () => of().where({ state: 'failed' });
    const counts: unknown = await isLate()
      .select(this.db.raw('count(*) as late, min(over_at) as since'))
      .first();
    const { late, since } = lateRow.parse(counts);
    const failed = countOf(await hasFailed().count({ total: '*' }).first());
    const fault: unknown = await (late > 0
      ? isLate().whereNotNull('fault').orderBy('over_at').first('fault')
      : hasFailed().orderBy('settled_at', 'desc').first('fault'));
    return {
      late,
      failed,
      since: since ?? undefined,
      fault: faultRow.optional().parse(fault)?.fault ?? null,
    };
  }

  async depth(now: Instant): Promise<LogoutDepth> {
    const isLate = this.db.raw('coalesce(sum(case when over_at < ? then 1 else 0 end), 0) as late', [
      now - LATE_LOGOUT,
    ]);
    const waiting = this.db(TABLE).where({ state: 'due' });
    return depthRow.parse(await waiting.select(this.db.raw('count(*) as waiting'), isLate).first());
  }

  async forget(now: Instant): Promise<void> {
    await retryOnConflict(this.db, async () =>
      this.db(TABLE)
        .where('settled_at', '<', now - FAILURES_REMEMBERED)
        .orWhere((told) => told.where({ state: 'told' }).where('settled_at', '<', now - TOLD_REMEMBERED))
        .delete(),
    );
  }

  #openOnes(): Knex.QueryBuilder {
    return this.db(TABLE).where(OPEN).leftJoin('sign_ins', 'sign_ins.id', `${TABLE}.sign_in_id`);
  }

  #due(now: Instant): Knex.QueryBuilder {
    return this.db(TABLE).where({ state: 'due' }).where('due_at', '<=', now);
  }

  /** Changes those that are still open. */
  async #change(ids: readonly string[], changes: Readonly<Record<string, unknown>>): Promise<void> {
    if (ids.length === 0) return;
    await retryOnConflict(this.db, async () =>
      this.db(TABLE)
        .where({ state: 'open' })
        .whereIn('id', [...ids])
        .update(changes),
    );
  }
}

function within(open: Knex.QueryBuilder, among: OpenLogouts): void {
  if ('accountIds' in among) {
    open.whereIn(`${TABLE}.account_id`, [...among.accountIds]);
    return;
  }
  open.where(`${TABLE}.id`, '>', among.after);
  if (among.to !== undefined) open.where(`${TABLE}.id`, '<=', among.to);
}
