import type { Knex } from 'knex';
import { z } from 'zod';
import {
  type Approval,
  type ApprovalOutcome,
  type Closing,
  type GivenApproval,
  type NewResetRequest,
  REQUEST_KINDS,
  REQUEST_STATES,
  type RequestsPage,
  type ResetRequest,
  type ResetRequestStore,
} from '../administration/reset-request.ts';
import type { Instant } from '../kernel/time.ts';
import { mappedRow, toColumns } from './sql/row-mapper.ts';
import { clientAddress, countOf, integerColumn } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';
import { insertUniqueRows, transaction } from './sql/transaction.ts';
import { resetTwoFactor } from './two-factor-reset.ts';

const TABLE = 'reset_requests';
const APPROVALS = 'reset_approvals';

/**
 * Counts the approvals of a request by people who are still administrators, whose approval counted when they gave it, and whose
 * own account it is not.
 */
const COUNTING = `(select count(*) from reset_approvals
  join accounts on accounts.id = reset_approvals.administrator_id
  where reset_approvals.request_id = reset_requests.id
  and reset_approvals.administrator_id <> reset_requests.account_id
  and accounts.role = 'administrator' and accounts.disabled_at is null
  and accounts.approves_from <= reset_approvals.at)`;

const REQUEST = {
  id: z.string(),
  accountId: z.string(),
  kind: z.enum(REQUEST_KINDS),
  state: z.enum(REQUEST_STATES),
  askedAt: integerColumn,
  askedBy: z.string(),
  browser: z.string(),
  address: clientAddress,
  happened: z.string(),
  contact: z.string(),
  dueAt: integerColumn.nullable(),
  closedAt: integerColumn.nullable(),
  closedBy: z.string().nullable(),
  closingNote: z.string().nullable(),
};
export const requestColumns = mappedRow(REQUEST);

/** A request with the name and address of its person. */
const PERSON = { ...REQUEST, personName: z.string(), personEmail: z.string() };
/** An approval beside its request. A request without approvals has one row, without these. */
const APPROVAL = {
  administratorId: z.string(),
  approvedAt: integerColumn,
  approvalNote: z.string(),
  administratorEmail: z.string(),
  administratorRole: z.string(),
  administratorDisabledAt: integerColumn.nullable(),
  administratorApprovesFrom: integerColumn.nullable(),
};
const approvedRow = z.object({ ...PERSON, ...APPROVAL });
const joinedRows = z.array(
  z.union([mappedRow(approvedRow.shape), mappedRow({ ...PERSON, administratorId: z.null() })]),
);

export class KnexResetRequestStore extends SqlStore implements ResetRequestStore {
  async open(request: NewResetRequest, approval?: Approval): Promise<boolean> {
    return insertUniqueRows(this.db, async (db) => {
      await db(TABLE).insert(newRow(request));
      if (approval) await db(APPROVALS).insert(approvalColumns(request.id, approval));
    });
  }

  async find(id: string): Promise<ResetRequest | undefined> {
    const [found] = await this.#read(this.#requests().where({ [`${TABLE}.id`]: id }));
    return found;
  }

  async openOf(accountId: string): Promise<ResetRequest | undefined> {
    const [found] = await this.#read(this.#requests().where({ open_slot: accountId }));
    return found;
  }

  async search({ page, pageSize }: { page: number; pageSize: number }): Promise<RequestsPage> {
    const counting = this.db(TABLE).count({ total: '*' });
    const wanted = inTurn(this.#requests().select(counting.clone().as('total')))
      .limit(pageSize)
      .offset((page - 1) * pageSize);
    const rows = await this.#joined(wanted, inTurn);
    // A page past the end has no row with the total.
    const first: unknown = rows[0] ?? (page > 1 ? await counting.first() : { total: 0 });
    return { requests: requestsIn(rows), total: countOf(first) };
  }

  async due(now: Instant): Promise<readonly ResetRequest[]> {
    const due = this.#requests().where({ state: 'open' }).where('due_at', '<=', now);
    return this.#read(due, (requests) => requests.orderBy('due_at'));
  }

  async approve(
    id: string,
    approval: Approval,
    rule: { readonly needed: number; readonly dueAt: Instant },
  ): Promise<ApprovalOutcome> {
    let outcome: ApprovalOutcome = 'closed';
    const isFirst = await insertUniqueRows(this.db, async (db) => {
      outcome = await approveWithin(db, id, approval, rule);
    });
    return isFirst ? outcome : 'already';
  }

  async close(id: string, { state, by, note, at }: Closing): Promise<boolean> {
    const closed = await transaction(this.db, (trx) =>
      trx(TABLE)
        .where({ id, state: 'open' })
        .update({ state, open_slot: null, closed_at: at, closed_by: by, closing_note: note }),
    );
    return closed === 1;
  }

  async carryOut(
    id: string,
    by: string,
    { needed, at }: { readonly needed: number; readonly at: Instant },
  ): Promise<number | undefined> {
    return transaction(this.db, async (trx) => {
      const claimed = await trx(TABLE)
        .where({ id, state: 'open' })
        .where('due_at', '<=', at)
        .whereRaw(`${COUNTING} >= ?`, [needed])
        .update({ state: 'carried-out', open_slot: null, closed_at: at, closed_by: by });
      if (claimed !== 1) return undefined;
      const row: unknown = await trx(TABLE).select('account_id').where({ id }).first();
      return resetTwoFactor(trx, z.object({ account_id: z.string() }).parse(row).account_id, by, at);
    });
  }

  /** Requests with the name and address of the person. */
  #requests(): Knex.QueryBuilder {
    return this.db(TABLE)
      .join('accounts as people', 'people.id', `${TABLE}.account_id`)
      .select(`${TABLE}.*`, 'people.name as person_name', 'people.email as person_email');
  }

  async #read(requests: Knex.QueryBuilder, inOrder: Ordering = (all) => all): Promise<ResetRequest[]> {
    return requestsIn(await this.#joined(requests, inOrder));
  }

  /** One row for each approval of these requests, and one for a request without any. */
  async #joined(requests: Knex.QueryBuilder, inOrder: Ordering): Promise<readonly unknown[]> {
    const approvals = this.db
      .from(requests.as(TABLE))
      .leftJoin(APPROVALS, `${APPROVALS}.request_id`, `${TABLE}.id`)
      .leftJoin('accounts as administrators', 'administrators.id', `${APPROVALS}.administrator_id`)
      .select(
        ...[`${TABLE}.*`, `${APPROVALS}.administrator_id`],
        ...[`${APPROVALS}.at as approved_at`, `${APPROVALS}.note as approval_note`],
        ...['email', 'role', 'disabled_at', 'approves_from'].map(
          (name) => `administrators.${name} as administrator_${name}`,
        ),
      );
    return z.array(z.unknown()).parse(await inOrder(approvals).orderBy(['approved_at', 'administrator_id']));
  }
}

type Ordering = (requests: Knex.QueryBuilder) => Knex.QueryBuilder;

/** Open ones first, those oldest first; then the closed ones, newest first. */
function inTurn(requests: Knex.QueryBuilder): Knex.QueryBuilder {
  return requests
    .orderByRaw("case when state = 'open' then 0 else 1 end")
    .orderByRaw("case when state = 'open' then asked_at else -asked_at end")
    .orderBy(`${TABLE}.id`);
}

async function approveWithin(
  trx: Knex.Transaction,
  id: string,
  approval: Approval,
  { needed, dueAt }: { readonly needed: number; readonly dueAt: Instant },
): Promise<ApprovalOutcome> {
  // The update is the lock: another decision at the same time waits, and then sees this one.
  const locked = await trx(TABLE)
    .where({ id, state: 'open' })
    .update({ version: trx.raw('version + 1') });
  if (locked !== 1) return 'closed';
  const before = await standingWithin(trx, id);
  if (before.accountId === approval.administratorId) return 'not theirs';
  if (before.dueAt !== null && before.counting >= needed) return 'settled';
  const counts: unknown = await trx('accounts')
    .where({ id: approval.administratorId, role: 'administrator', disabled_at: null })
    .where('approves_from', '<=', approval.at)
    .first('id');
  if (counts === undefined) return 'does not count';
  await trx(APPROVALS).insert(approvalColumns(id, approval));
  const { counting } = await standingWithin(trx, id);
  if (counting < needed) return 'one more';
  await trx(TABLE).where({ id }).update({ due_at: dueAt });
  return 'complete';
}

const standingRow = mappedRow({
  accountId: z.string(),
  dueAt: integerColumn.nullable(),
  counting: integerColumn,
});

async function standingWithin(trx: Knex.Transaction, id: string): Promise<z.infer<typeof standingRow>> {
  const row: unknown = await trx(TABLE)
    .where({ id })
    .select('account_id', 'due_at', trx.raw(`${COUNTING} as counting`))
    .first();
  return standingRow.parse(row);
}

function newRow(request: NewResetRequest) {
  return { ...toColumns(requestColumns, request), open_slot: request.accountId, state: 'open' };
}

function approvalColumns(requestId: string, { administratorId, at, note }: Approval) {
  return { request_id: requestId, administrator_id: administratorId, at, note };
}

/** The requests in the order of their rows, each with its approvals. */
function requestsIn(found: readonly unknown[]): ResetRequest[] {
  const rows = joinedRows.parse(found);
  return [...Map.groupBy(rows, ({ id }) => id).values()].flatMap((ofOne) => {
    const [row] = ofOne;
    const approvals = ofOne.flatMap((one) => (one.administratorId === null ? [] : approvalOf(one)));
    return row ? requestOf(row, approvals) : [];
  });
}

function requestOf(
  { personName: name, personEmail: email, ...row }: z.output<z.ZodObject<typeof PERSON>>,
  approvals: readonly GivenApproval[],
): ResetRequest {
  const { id, accountId, kind, state, askedAt, askedBy, browser, address, happened, contact } = row;
  const { dueAt, closedAt, closedBy, closingNote } = row;
  return {
    ...{ id, accountId, kind, state, askedAt, askedBy, browser, address, happened, contact },
    ...{ dueAt, closedAt, closedBy, closingNote, person: { name, email }, approvals },
  };
}

function approvalOf(row: z.output<typeof approvedRow>): GivenApproval {
  const { accountId, administratorId, approvedAt: at, administratorApprovesFrom: from } = row;
  const isAdministrator = row.administratorRole === 'administrator' && row.administratorDisabledAt === null;
  const counts = isAdministrator && from !== null && from <= at && administratorId !== accountId;
  return { administratorId, at, note: row.approvalNote, by: row.administratorEmail, counts };
}
