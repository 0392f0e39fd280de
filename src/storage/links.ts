import type { Knex } from 'knex';
import { z } from 'zod';
import { emailKey } from '../accounts/account.ts';
import { LINK_LIFETIME, type Link, type LinkPurpose, type LinkStore } from '../accounts/links.ts';
import type { Instant } from '../time.ts';
import { persistently } from './contention.ts';
import { digest, whole } from './rows.ts';

const TABLE = 'links';

const linkRow = z
  .object({
    id: z.string(),
    purpose: z.string().refine((purpose): purpose is LinkPurpose => Object.hasOwn(LINK_LIFETIME, purpose)),
    account_id: z.string().nullable(),
    email: z.string().nullable(),
    name: z.string().nullable(),
    created_at: whole,
    expires_at: whole,
  })
  .transform(
    (row): Link => ({
      id: row.id,
      purpose: row.purpose,
      accountId: row.account_id,
      email: row.email,
      name: row.name,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
    }),
  );

/** One-time links in the database. */
export class KnexLinkStore implements LinkStore {
  readonly #db: Knex;

  constructor(db: Knex) {
    this.#db = db;
  }

  async replace(link: Link, tokenHash: string): Promise<void> {
    const row = {
      id: link.id,
      slot: slot(link),
      token_hash: tokenHash,
      purpose: link.purpose,
      account_id: link.accountId,
      email: link.email,
      name: link.name,
      created_at: link.createdAt,
      expires_at: link.expiresAt,
      used_at: null,
    };
    await persistently(async () => this.#db(TABLE).insert(row).onConflict('slot').merge());
    await persistently(async () => this.#db(TABLE).where('expires_at', '<=', link.createdAt).delete());
  }

  async findLive(purpose: LinkPurpose, tokenHash: string, now: Instant): Promise<Link | undefined> {
    const row: unknown = await this.#db(TABLE)
      .where({ purpose, token_hash: tokenHash, used_at: null })
      .where('expires_at', '>', now)
      .first();
    return linkRow.optional().parse(row);
  }

  async hasLive(purpose: LinkPurpose, accountId: string, now: Instant): Promise<boolean> {
    const row: unknown = await this.#db(TABLE)
      .select('id')
      .where({ purpose, account_id: accountId, used_at: null })
      .where('expires_at', '>', now)
      .first();
    return row !== undefined;
  }

  async spend(id: string, now: Instant): Promise<boolean> {
    const updated = await this.#db(TABLE)
      .where({ id, used_at: null })
      .where('expires_at', '>', now)
      .update({ used_at: now });
    return updated === 1;
  }

  async dropFor(accountId: string): Promise<void> {
    await persistently(async () =>
      this.#db(TABLE)
        .where({ account_id: accountId })
        .whereNot({ purpose: 'cancel request' satisfies LinkPurpose })
        .delete(),
    );
  }
}

/** For each purpose there is one link to an account or an address; to nobody in particular (the set-up) there is one. */
function slot({ purpose, accountId, email }: Link): string {
  return digest(purpose, accountId ?? '', email === null ? '' : emailKey(email));
}
