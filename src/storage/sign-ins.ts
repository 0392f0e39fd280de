import { z } from 'zod';
import type { NewSignIn, RecordedProof, SignIn, SignInStore } from '../accounts/sign-ins.ts';
import { days, type Instant } from '../kernel/time.ts';
import { retryOnConflict } from './sql/conflicts.ts';
import { mappedRow, toColumns } from './sql/row-mapper.ts';
import { clientAddress, integerColumn } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';

const TABLE = 'sign_ins';
/** A sign-in ends after a day at the latest. */
const REMEMBERED = days(2);

/** The columns of a sign-in; `trustBasis` is joined in from its trusted browser. */
export const signInColumns = mappedRow({
  id: z.string(),
  accountId: z.string(),
  epoch: integerColumn,
  browser: z.string(),
  address: clientAddress,
  startedAt: integerColumn,
  lastSeenAt: integerColumn,
  endedAt: integerColumn.nullable(),
  trustedBrowserId: z.string().nullable(),
  trustBasis: z.string().nullable(),
  assurance: z.string().nullable(),
});

export const signInRow = signInColumns.transform(
  ({ trustedBrowserId, trustBasis, assurance, ...signIn }): SignIn => ({
    ...signIn,
    trust: trustedBrowserId === null ? null : { browserId: trustedBrowserId, basis: trustBasis },
    assurance: proofsIn(assurance),
  }),
);

const proofs = z.array(z.object({ factor: z.string(), at: z.number() }));

/** Without a record (an older sign-in), or with one that cannot be read, nothing counts as proven. */
function proofsIn(text: string | null): readonly RecordedProof[] {
  try {
    return proofs.parse(JSON.parse(text ?? '[]'));
  } catch {
    return [];
  }
}

export class KnexSignInStore extends SqlStore implements SignInStore {
  async create(signIn: NewSignIn): Promise<void> {
    await this.db(TABLE).insert({
      ...toColumns(signInColumns, signIn),
      assurance: JSON.stringify(signIn.assurance),
    });
  }

  async open(accountId: string): Promise<readonly SignIn[]> {
    const rows: unknown = await this.db(TABLE)
      .leftJoin('trusted_browsers', 'trusted_browsers.id', `${TABLE}.trusted_browser_id`)
      .select(`${TABLE}.*`, 'trusted_browsers.basis as trust_basis')
      .where({ [`${TABLE}.account_id`]: accountId, ended_at: null })
      .orderBy('started_at', 'desc');
    return z.array(signInRow).parse(rows);
  }

  async touch(id: string, at: Instant): Promise<void> {
    await this.db(TABLE).where({ id }).update({ last_seen_at: at });
  }

  async prove(id: string, assurance: readonly RecordedProof[], leavesTrust: boolean): Promise<void> {
    await this.db(TABLE)
      .where({ id })
      .update({ assurance: JSON.stringify(assurance), ...(leavesTrust && { trusted_browser_id: null }) });
  }

  async end(accountId: string, id: string, at: Instant): Promise<boolean> {
    const open = this.db(TABLE).where({ id, account_id: accountId, ended_at: null });
    return (await open.update({ ended_at: at })) === 1;
  }

  /** Deletes the sign-ins that are over. */
  async forget(now: Instant): Promise<void> {
    await retryOnConflict(this.db, async () =>
      this.db(TABLE)
        .where('started_at', '<', now - REMEMBERED)
        .delete(),
    );
  }

  async endOthers(accountId: string, exceptId: string, at: Instant): Promise<number> {
    return this.db(TABLE)
      .where({ account_id: accountId, ended_at: null })
      .whereNot({ id: exceptId })
      .update({ ended_at: at });
  }
}
