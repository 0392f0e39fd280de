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

const approvalRow = z.object({
  request_id: z.string(),
  administrator_id: z.string(),
  at: whole,
  note: z.string(),
  email: z.string(),
  role: z.string(),
  disabled_at: whole.nullable(),
});

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
    const [found] = await this.#read((requests) => requests.where({ 'reset_requests.id': id }));
    return found;
  }

  async openOf(accountId: string): Promise<ResetRequest | undefined> {
    const [found] = await this.#read((requests) => requests.where({ open_slot: accountId }));
    return found;
  }

  async search({ page, pageSize }: { page: number; pageSize: number }): Promise<RequestsPage> {
    const requests = await this.#read((all) =>
      all
        .orderByRaw("case when state = 'open' then 0 else 1 end")
        .orderByRaw("case when state = 'open' then asked_at else -asked_at end")
        .orderBy('reset_requests.id')
        .limit(pageSize)
        .offset((page - 1) * pageSize),
    );
    const total: unknown = await this.#db(TABLE).count({ total: '*' }).first();
    return { requests, total: countOf(total) };
  }

  async due(now: Instant): Promise<readonly ResetRequest[]> {
    return this.#read((all) => all.where({ state: 'open' }).where('due_at', '<=', now).orderBy('due_at'));
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

  /** Requests with the person and the approvals of each. */
  async #read(narrowed: (requests: Knex.QueryBuilder) => Knex.QueryBuilder): Promise<ResetRequest[]> {
    const requests = this.#db(TABLE)
      .join('accounts as people', 'people.id', 'reset_requests.account_id')
      .select('reset_requests.*', 'people.name as person_name', 'people.email as person_email');
    const found: unknown = await narrowed(requests);
    const rows = z.array(requestRow).parse(found);
    if (rows.length === 0) return [];
    const given: unknown = await this.#db(APPROVALS)
      .join('accounts', 'accounts.id', 'reset_approvals.administrator_id')
      .whereIn(
        'request_id',
        rows.map(({ id }) => id),
      )
      .select('reset_approvals.*', 'accounts.email', 'accounts.role', 'accounts.disabled_at')
      .orderBy(['at', 'administrator_id']);
    const approvals = Map.groupBy(z.array(approvalRow).parse(given), ({ request_id }) => request_id);
    return rows.map((row) => requestOf(row, approvals.get(row.id) ?? []));
  }
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

function requestOf(
  row: z.infer<typeof requestRow>,
  approvals: readonly z.infer<typeof approvalRow>[],
): ResetRequest {
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
    approvals: approvals.map((one) => approvalOf(one, row.account_id)),
  };
}

function approvalOf(row: z.infer<typeof approvalRow>, accountId: string): GivenApproval {
  const isAdministrator = row.role === 'administrator' && row.disabled_at === null;
  return {
    administratorId: row.administrator_id,
    at: row.at,
    note: row.note,
    by: row.email,
    counts: isAdministrator && row.administrator_id !== accountId,
  };
}
