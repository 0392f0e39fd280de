import { z } from 'zod';
import { type Sealed, sealedText } from '../kernel/keyring.ts';
import type { Instant } from '../kernel/time.ts';
import {
  type ClaimedMail,
  type Ending,
  type LateMails,
  MAIL_REMEMBERED,
  MAIL_STATES,
  type Mail,
  type MailDepth,
  type MailStore,
} from '../mail/mail.ts';
import { oneByOne } from './sql/batches.ts';
import { retryOnConflict } from './sql/conflicts.ts';
import { columnsOf, mappedRow, toColumns } from './sql/row-mapper.ts';
import { countOf, digest, integerColumn, json } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';

const TABLE = 'mails';
const BATCH = 200;

const MAIL = {
  id: z.string(),
  accountId: z.string().nullable(),
  address: z.string(),
  kind: z.string(),
  createdAt: integerColumn,
  state: z.enum(MAIL_STATES),
  tries: integerColumn,
  dueAt: integerColumn,
  expiresAt: integerColumn,
  settledAt: integerColumn.nullable(),
  fault: z.string().nullable(),
};

const mailRow = mappedRow(MAIL);

const sealedColumn = json.pipe(sealedText);

/** A mail with its letter, which is dropped once the mail is settled. */
export const storedMail = mappedRow({ ...MAIL, letter: sealedColumn.nullable() });

const claimedRow = mappedRow({ ...MAIL, letter: sealedColumn }).transform(
  ({ letter, ...mail }): ClaimedMail => ({ mail, letter }),
);

const letterRow = z.object({ id: z.string(), letter: sealedColumn });

const depthRow = z.object({ waiting: integerColumn, late: integerColumn, oldest: integerColumn.nullable() });

const turnRow = z.object({ turn: integerColumn.nullable() });

const dueRow = z.object({ due_at: integerColumn.nullable() });

/** The columns of lists, without the letter. */
const SHOWN = columnsOf(mailRow);

export class KnexMailStore extends SqlStore implements MailStore {
  async add(mail: Mail, letter: Sealed | null, client?: string): Promise<void> {
    const place = client === undefined ? {} : await this.#placeOf(digest(client));
    await retryOnConflict(this.db, async () => this.db(TABLE).insert({ ...newRow(mail, letter), ...place }));
  }

  /** The turn after the client's last waiting mail. Two mails at once may get the same turn, which does no harm. */
  async #placeOf(clientHash: string) {
    const row: unknown = await this.db(TABLE)
      .where({ client_hash: clientHash })
      .max({ turn: 'turn' })
      .first();
    return { client_hash: clientHash, turn: (turnRow.parse(row).turn ?? 0) + 1 };
  }

  async replaceEarlier({ id, kind, address, createdAt }: Mail): Promise<void> {
    await retryOnConflict(this.db, async () =>
      this.db(TABLE)
        .where({ kind, address, state: 'waiting' })
        .where('id', '<', id)
        .update({ state: 'replaced', letter: null, client_hash: null, settled_at: createdAt }),
    );
  }

  async due(now: Instant, most: number): Promise<readonly string[]> {
    const rows: unknown = await this.db(TABLE)
      .where({ state: 'waiting' })
      .where('due_at', '<=', now)
      .orderBy(['turn', 'due_at', 'id'])
      .limit(most)
      .select('id');
    return z
      .array(z.object({ id: z.string() }))
      .parse(rows)
      .map(({ id }) => id);
  }

  async claim(id: string, now: Instant, until: Instant): Promise<ClaimedMail | undefined> {
    const claimed = await retryOnConflict(this.db, async () =>
      this.db(TABLE)
        .where({ id, state: 'waiting' })
        .where('due_at', '<=', now)
        .update({ due_at: until, tries: this.db.raw('tries + 1') }),
    );
    if (claimed !== 1) return undefined;
    // A newer mail may have replaced it in between, which deletes its letter.
    const row: unknown = await this.db(TABLE).where({ id, state: 'waiting' }).first();
    return claimedRow.optional().parse(row);
  }

  async settle({ id, tries }: Mail, { state, at, fault }: Ending): Promise<boolean> {
    const settled = await retryOnConflict(this.db, async () => {
      const waiting = this.db(TABLE).where({ id, state: 'waiting' });
      if (state !== 'taken') waiting.where({ tries });
      return waiting.update({ state, settled_at: at, fault, letter: null, client_hash: null });
    });
    return settled === 1;
  }

  async drop({ id }: Mail): Promise<void> {
    await retryOnConflict(this.db, async () => this.db(TABLE).where({ id }).delete());
  }

  async postpone({ id, tries }: Mail, dueAt: Instant, fault: string): Promise<boolean> {
    const postponed = await retryOnConflict(this.db, async () =>
      this.db(TABLE).where({ id, state: 'waiting', tries }).update({ due_at: dueAt, fault }),
    );
    return postponed === 1;
  }

  async nextDue(): Promise<Instant | undefined> {
    const row: unknown = await this.db(TABLE).where({ state: 'waiting' }).min({ due_at: 'due_at' }).first();
    return dueRow.parse(row).due_at ?? undefined;
  }

  async newestOf(accountId: string, most: number): Promise<readonly Mail[]> {
    const rows: unknown = await this.db(TABLE)
      .where({ account_id: accountId })
      .orderBy('id', 'desc')
      .limit(most)
      .select(SHOWN);
    return z.array(mailRow).parse(rows);
  }

  async late(before: Instant): Promise<LateMails | undefined> {
    const late = () => this.db(TABLE).where({ state: 'waiting' }).where('created_at', '<', before);
    const row: unknown = await late().orderBy(['created_at', 'id']).first(SHOWN);
    const oldest = mailRow.optional().parse(row);
    if (!oldest) return undefined;
    return { count: countOf(await late().count({ total: '*' }).first()), oldest };
  }

  async depth(before: Instant): Promise<MailDepth> {
    const row: unknown = await this.db(TABLE)
      .where({ state: 'waiting' })
      .select(
        this.db.raw('count(*) as waiting, min(created_at) as oldest'),
        this.db.raw('coalesce(sum(case when created_at < ? then 1 else 0 end), 0) as late', [before]),
      )
      .first();
    const { oldest, ...counts } = depthRow.parse(row);
    return { ...counts, oldest: oldest ?? undefined };
  }

  async forget(now: Instant): Promise<void> {
    const before = now - MAIL_REMEMBERED;
    await retryOnConflict(this.db, async () => this.db(TABLE).where('settled_at', '<', before).delete());
  }

  letters(): AsyncIterable<{ readonly id: string; readonly letter: Sealed }> {
    return oneByOne(BATCH, async (last: z.output<typeof letterRow> | undefined) => {
      const rows: unknown = await this.db(TABLE)
        .where({ state: 'waiting' })
        .where('id', '>', last?.id ?? '')
        .orderBy('id')
        .limit(BATCH)
        .select('id', 'letter');
      return z.array(letterRow).parse(rows);
    });
  }

  async replaceLetter(id: string, from: Sealed, to: Sealed): Promise<boolean> {
    const replaced = await retryOnConflict(this.db, async () =>
      this.db(TABLE)
        .where({ id, letter: JSON.stringify(from) })
        .update({ letter: JSON.stringify(to) }),
    );
    return replaced === 1;
  }
}

function newRow(mail: Mail, letter: Sealed | null) {
  return { ...toColumns(mailRow, mail), letter: letter && JSON.stringify(letter) };
}
