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
} from '../accounts/reset-request.ts';
import type { Instant } from '../time.ts';
import { transaction, unlessTaken } from './contention.ts';
import { countOf, whole } from './rows.ts';
import { resetTwoFactor } from './two-factor-reset.ts';

const TABLE = 'reset_requests';
const APPROVALS = 'reset_approvals';

/** The approvals of a request by those who are administrators now, their own accounts left out. */
const COUNTING = `(select count(*) from reset_approvals
  join accounts on accounts.id = reset_approvals.administrator_id
  where reset_approvals.request_id = reset_requests.id
  and reset_approvals.administrator_id <> reset_requests.account_id
  and accounts.role = 'administrator' and accounts.disabled_at is null)`;

const requestRow = z.object({
  id: z.string(),
  account_id: z.string(),
  person_name: z.string(),
  person_email: z.string(),
  kind: z.enum(REQUEST_KINDS),
  state: z.enum(REQUEST_STATES),
  asked_at: whole,
  asked_by: z.string(),
  browser: z.string(),
  address: z.string(),
  happened: z.string(),
  contact: z.string(),
  due_at: whole.nullable(),
  closed_at: whole.nullable(),
  closed_by: z.string().nullable(),
  closing_note: z.string().nullable(),
});

/** An approval, as it stands beside its request; a request without any has one row without one. */
const approvalRow = z.object({
  administrator_id: z.string(),
  approved_at: whole,
  approval_note: z.string(),
  administrator_email: z.string(),
  administrator_role: z.string(),
  administrator_disabled_at: whole.nullable(),
});
const joinedRows = z.array(
  z.union([approvalRow.extend(requestRow.shape), requestRow.extend({ administrator_id: z.null() })]),
);

/** Reset requests in the database. */
export class KnexResetRequestStore implements ResetRequestStore {
  readonly #db: Knex;

  constructor(db: Knex) {
    this.#db = db;
  }

  async open(request: NewResetRequest, approval?: Approval): Promise<boolean> {
    return unlessTaken(() =>
      this.#db.transaction(async (trx) => {
        await trx(TABLE).insert(newRow(request));
        if (approval) await trx(APPROVALS).insert(approvalColumns(request.id, approval));
      }),
    );
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
    const counting = this.#db(TABLE).count({ total: '*' });
    const wanted = inTurn(this.#requests().select(counting.clone().as('total')))
      .limit(pageSize)
      .offset((page - 1) * pageSize);
    const rows = await this.#joined(wanted, inTurn);
    // Past the end there is no row that says it.
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
    // Outside of the transaction: on PostgreSQL one that broke a key cannot go on.
    const isFirst = await unlessTaken(() =>
      this.#db.transaction(async (trx) => {
        outcome = await approveWithin(trx, id, approval, rule);
      }),
    );
    return isFirst ? outcome : 'already';
  }

  async close(id: string, { state, by, note, at }: Closing): Promise<boolean> {
    const closed = await transaction(this.#db, (trx) =>
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
    return transaction(this.#db, async (trx) => {
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

  /** Requests with the person whose account it is. */
  #requests(): Knex.QueryBuilder {
    return this.#db(TABLE)
      .join('accounts as people', 'people.id', `${TABLE}.account_id`)
      .select(`${TABLE}.*`, 'people.name as person_name', 'people.email as person_email');
  }

  async #read(requests: Knex.QueryBuilder, inOrder: Ordering = (all) => all): Promise<ResetRequest[]> {
    return requestsIn(await this.#joined(requests, inOrder));
  }

  /** A row for each approval of these requests, and one for a request without any. */
  async #joined(requests: Knex.QueryBuilder, inOrder: Ordering): Promise<readonly unknown[]> {
    const approvals = this.#db
      .from(requests.as(TABLE))
      .leftJoin(APPROVALS, `${APPROVALS}.request_id`, `${TABLE}.id`)
      .leftJoin('accounts as administrators', 'administrators.id', `${APPROVALS}.administrator_id`)
      .select(
        ...[`${TABLE}.*`, `${APPROVALS}.administrator_id`],
        ...[`${APPROVALS}.at as approved_at`, `${APPROVALS}.note as approval_note`],
        ...['email', 'role', 'disabled_at'].map((name) => `administrators.${name} as administrator_${name}`),
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
  // The update is the lock: whoever decides at the same time waits, and then finds what was decided.
  const locked = await trx(TABLE)
    .where({ id, state: 'open' })
    .update({ version: trx.raw('version + 1') });
  if (locked !== 1) return 'closed';
  const before = await standingWithin(trx, id);
  if (before.account_id === approval.administratorId) return 'not theirs';
  if (before.due_at !== null && before.counting >= needed) return 'settled';
  await trx(APPROVALS).insert(approvalColumns(id, approval));
  const { counting } = await standingWithin(trx, id);
  if (counting < needed) return 'one more';
  await trx(TABLE).where({ id }).update({ due_at: dueAt });
  return 'complete';
}

const standingRow = z.object({ account_id: z.string(), due_at: whole.nullable(), counting: whole });

async function standingWithin(trx: Knex.Transaction, id: string): Promise<z.infer<typeof standingRow>> {
  const row: unknown = await trx(TABLE)
    .where({ id })
    .select('account_id', 'due_at', trx.raw(`${COUNTING} as counting`))
    .first();
  return standingRow.parse(row);
}

function newRow(request: NewResetRequest) {
  return {
    id: request.id,
    account_id: request.accountId,
    open_slot: request.accountId,
    kind: request.kind,
    state: 'open',
    asked_at: request.askedAt,
    asked_by: request.askedBy,
    browser: request.browser,
    address: request.address,
    happened: request.happened,
    contact: request.contact,
  };
}

function approvalColumns(requestId: string, { administratorId, at, note }: Approval) {
  return { request_id: requestId, administrator_id: administratorId, at, note };
}

/** The requests of the rows, each with its approvals, in the order of the rows. */
function requestsIn(found: readonly unknown[]): ResetRequest[] {
  const rows = joinedRows.parse(found);
  return [...Map.groupBy(rows, ({ id }) => id).values()].flatMap((ofOne) => {
    const [row] = ofOne;
    const approvals = ofOne.flatMap((one) => (one.administrator_id === null ? [] : approvalOf(one)));
    return row ? requestOf(row, approvals) : [];
  });
}

function requestOf(row: z.infer<typeof requestRow>, approvals: readonly GivenApproval[]): ResetRequest {
  return {
    id: row.id,
    accountId: row.account_id,
    person: { name: row.person_name, email: row.person_email },
    kind: row.kind,
    state: row.state,
    askedAt: row.asked_at,
    askedBy: row.asked_by,
    browser: row.browser,
    address: row.address,
    happened: row.happened,
    contact: row.contact,
    dueAt: row.due_at,
    closedAt: row.closed_at,
    closedBy: row.closed_by,
    closingNote: row.closing_note,
    approvals,
  };
}

function approvalOf(row: z.infer<typeof approvalRow> & { readonly account_id: string }): GivenApproval {
  const isAdministrator =
    row.administrator_role === 'administrator' && row.administrator_disabled_at === null;
  return {
    administratorId: row.administrator_id,
    at: row.approved_at,
    note: row.approval_note,
    by: row.administrator_email,
    counts: isAdministrator && row.administrator_id !== row.account_id,
  };
}
