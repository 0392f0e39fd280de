import type { Knex } from 'knex';
import { z } from 'zod';
import { type Sealed, sealedText } from '../keyring.ts';
import {
  type ClaimedMail,
  type Ending,
  type LateMails,
  MAIL_STATES,
  type Mail,
  type MailDepth,
  type MailStore,
} from '../post/mail.ts';
import type { Instant } from '../time.ts';
import { persistently } from './contention.ts';
import { countOf, json, whole } from './rows.ts';

const TABLE = 'mails';
const BATCH = 200;

const columns = z.object({
  id: z.string(),
  account_id: z.string().nullable(),
  address: z.string(),
  kind: z.string(),
  created_at: whole,
  state: z.enum(MAIL_STATES),
  tries: whole,
  due_at: whole,
  expires_at: whole,
  settled_at: whole.nullable(),
  fault: z.string().nullable(),
});

const mailRow = columns.transform(mailOf);

const sealedColumn = json.pipe(sealedText);

const claimedRow = columns
  .extend({ letter: sealedColumn })
  .transform(({ letter, ...row }): ClaimedMail => ({ mail: mailOf(row), letter }));

const letterRow = z.object({ id: z.string(), letter: sealedColumn });

const depthRow = z.object({ waiting: whole, late: whole, oldest: whole.nullable() });

const dueRow = z.object({ due_at: whole.nullable() });

/** What lists show: the letter stays where it is. */
const SHOWN = Object.keys(columns.shape);

/** The mail queue in the database. */
export class KnexMailStore implements MailStore {
  readonly #db: Knex;

  constructor(db: Knex) {
    this.#db = db;
  }

  async add(mail: Mail, letter: Sealed | null): Promise<void> {
    await persistently(async () => this.#db(TABLE).insert(newRow(mail, letter)));
  }

  async replaceEarlier({ id, kind, address, createdAt }: Mail): Promise<void> {
    await persistently(async () =>
      this.#db(TABLE)
        .where({ kind, address, state: 'waiting' })
        .where('id', '<', id)
        .update({ state: 'replaced', letter: null, settled_at: createdAt }),
    );
  }

  async due(now: Instant, most: number): Promise<readonly string[]> {
    const rows: unknown = await this.#db(TABLE)
      .where({ state: 'waiting' })
      .where('due_at', '<=', now)
      .orderBy(['due_at', 'id'])
      .limit(most)
      .select('id');
    return z
      .array(z.object({ id: z.string() }))
      .parse(rows)
      .map(({ id }) => id);
  }

  async claim(id: string, now: Instant, until: Instant): Promise<ClaimedMail | undefined> {
    const claimed = await persistently(async () =>
      this.#db(TABLE)
        .where({ id, state: 'waiting' })
        .where('due_at', '<=', now)
        .update({ due_at: until, tries: this.#db.raw('tries + 1') }),
    );
    if (claimed !== 1) return undefined;
    // A newer mail may have replaced it in between, and taken its letter away.
    const row: unknown = await this.#db(TABLE).where({ id, state: 'waiting' }).first();
    return claimedRow.optional().parse(row);
  }

  async settle({ id, tries }: Mail, { state, at, fault }: Ending): Promise<boolean> {
    const settled = await persistently(async () => {
      const waiting = this.#db(TABLE).where({ id, state: 'waiting' });
      if (state !== 'taken') waiting.where({ tries });
      return waiting.update({ state, settled_at: at, fault, letter: null });
    });
    return settled === 1;
  }

  async postpone({ id, tries }: Mail, dueAt: Instant, fault: string): Promise<boolean> {
    const postponed = await persistently(async () =>
      this.#db(TABLE).where({ id, state: 'waiting', tries }).update({ due_at: dueAt, fault }),
    );
    return postponed === 1;
  }

  async nextDue(): Promise<Instant | undefined> {
    const row: unknown = await this.#db(TABLE).where({ state: 'waiting' }).min({ due_at: 'due_at' }).first();
    return dueRow.parse(row).due_at ?? undefined;
  }

  async newestOf(accountId: string, most: number): Promise<readonly Mail[]> {
    const rows: unknown = await this.#db(TABLE)
      .where({ account_id: accountId })
      .orderBy('id', 'desc')
      .limit(most)
      .select(SHOWN);
    return z.array(mailRow).parse(rows);
  }

  async late(before: Instant): Promise<LateMails | undefined> {
    const late = () => this.#db(TABLE).where({ state: 'waiting' }).where('created_at', '<', before);
    const row: unknown = await late().orderBy(['created_at', 'id']).first(SHOWN);
    const oldest = mailRow.optional().parse(row);
    if (!oldest) return undefined;
    return { count: countOf(await late().count({ total: '*' }).first()), oldest };
  }

  async depth(before: Instant): Promise<MailDepth> {
    const row: unknown = await this.#db(TABLE)
      .where({ state: 'waiting' })
      .select(
        this.#db.raw('count(*) as waiting, min(created_at) as oldest'),
        this.#db.raw('coalesce(sum(case when created_at < ? then 1 else 0 end), 0) as late', [before]),
      )
      .first();
    const { oldest, ...counts } = depthRow.parse(row);
    return { ...counts, oldest: oldest ?? undefined };
  }

  async forget(before: Instant): Promise<void> {
    await persistently(async () => this.#db(TABLE).where('settled_at', '<', before).delete());
  }

  async *letters(): AsyncIterable<{ readonly id: string; readonly letter: Sealed }> {
    let last = '';
    for (;;) {
      const rows: unknown = await this.#db(TABLE)
        .where({ state: 'waiting' })
        .where('id', '>', last)
        .orderBy('id')
        .limit(BATCH)
        .select('id', 'letter');
      const found = z.array(letterRow).parse(rows);
      yield* found;
      if (found.length < BATCH) return;
      last = found.at(-1)?.id ?? '';
    }
  }

  async replaceLetter(id: string, from: Sealed, to: Sealed): Promise<boolean> {
    const replaced = await persistently(async () =>
      this.#db(TABLE)
        .where({ id, letter: JSON.stringify(from) })
        .update({ letter: JSON.stringify(to) }),
    );
    return replaced === 1;
  }
}

function mailOf(row: z.output<typeof columns>): Mail {
  return {
    id: row.id,
    accountId: row.account_id,
    address: row.address,
    kind: row.kind,
    createdAt: row.created_at,
    state: row.state,
    tries: row.tries,
    dueAt: row.due_at,
    expiresAt: row.expires_at,
    settledAt: row.settled_at,
    fault: row.fault,
  };
}

function newRow(mail: Mail, letter: Sealed | null) {
  return {
    id: mail.id,
    account_id: mail.accountId,
    address: mail.address,
    kind: mail.kind,
    created_at: mail.createdAt,
    state: mail.state,
    tries: mail.tries,
    due_at: mail.dueAt,
    expires_at: mail.expiresAt,
    settled_at: mail.settledAt,
    fault: mail.fault,
    letter: letter && JSON.stringify(letter),
  };
}
