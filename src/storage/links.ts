import { z } from 'zod';
import { LINK_LIFETIME, type Link, type LinkPurpose, type LinkStore } from '../accounts/links.ts';
import { emailKey } from '../kernel/email-address.ts';
import type { Instant } from '../kernel/time.ts';
import { retryOnConflict } from './sql/conflicts.ts';
import { mappedRow, toColumns } from './sql/row-mapper.ts';
import { digest, integerColumn } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';

const TABLE = 'links';

export const linkRow = mappedRow({
  id: z.string(),
  purpose: z.string().refine((purpose): purpose is LinkPurpose => Object.hasOwn(LINK_LIFETIME, purpose)),
  accountId: z.string().nullable(),
  email: z.string().nullable(),
  name: z.string().nullable(),
  createdAt: integerColumn,
  expiresAt: integerColumn,
});

export class KnexLinkStore extends SqlStore implements LinkStore {
  async replace(link: Link, tokenHash: string): Promise<void> {
    const row = { ...toColumns(linkRow, link), slot: slot(link), token_hash: tokenHash, used_at: null };
    await retryOnConflict(this.db, async () => this.db(TABLE).insert(row).onConflict('slot').merge());
  }

  async findLive(purpose: LinkPurpose, tokenHash: string, now: Instant): Promise<Link | undefined> {
    const row: unknown = await this.db(TABLE)
      .where({ purpose, token_hash: tokenHash, used_at: null })
      .where('expires_at', '>', now)
      .first();
    return linkRow.optional().parse(row);
  }

  async hasLive(purpose: LinkPurpose, accountId: string, now: Instant): Promise<boolean> {
    const row: unknown = await this.db(TABLE)
      .select('id')
      .where({ purpose, account_id: accountId, used_at: null })
      .where('expires_at', '>', now)
      .first();
    return row !== undefined;
  }

  async spend(id: string, now: Instant): Promise<boolean> {
    const updated = await this.db(TABLE)
      .where({ id, used_at: null })
      .where('expires_at', '>', now)
      .update({ used_at: now });
    return updated === 1;
  }

  /** Deletes expired links; some contain the names and addresses of strangers. */
  async forget(now: Instant): Promise<void> {
    await retryOnConflict(this.db, async () => this.db(TABLE).where('expires_at', '<=', now).delete());
  }

  async dropFor(accountId: string): Promise<void> {
    await retryOnConflict(this.db, async () =>
      this.db(TABLE)
        .where({ account_id: accountId })
        .whereNot({ purpose: 'cancel request' satisfies LinkPurpose })
        .delete(),
    );
  }
}

/** Unique key: one link for each purpose and account or address, and one for the set-up, which has neither. */
function slot({ purpose, accountId, email }: Link): string {
  return digest(purpose, accountId ?? '', email === null ? '' : emailKey(email));
}
