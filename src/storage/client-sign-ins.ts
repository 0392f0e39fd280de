import { z } from 'zod';
import type { AppSignIn } from '../apps/app-sign-ins.ts';
import type { ClientSignInStore } from '../apps/client-sign-ins.ts';
import type { Instant } from '../kernel/time.ts';
import { APP_SIGN_INS, recordAppUse, signInColumns } from './app-sign-ins.ts';
import { toColumns } from './sql/row-mapper.ts';
import { digest } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';
import { insertUnique, transaction } from './sql/transaction.ts';

const idRow = z.object({ id: z.string() });

export class KnexClientSignInStore extends SqlStore implements ClientSignInStore {
  async find(signIn: Pick<AppSignIn, 'appId' | 'signInId'>): Promise<string | undefined> {
    const row: unknown = await this.db(APP_SIGN_INS)
      .where({ token_hash: keyOf(signIn) })
      .first('id');
    return idRow.optional().parse(row)?.id;
  }

  async create(signIn: Omit<AppSignIn, 'lastSeenAt'>): Promise<boolean> {
    const row = toColumns(signInColumns, { ...signIn, lastSeenAt: signIn.createdAt });
    return transaction(this.db, async (trx) => {
      const isNew = await insertUnique(trx, (db) =>
        db(APP_SIGN_INS).insert({ ...row, token_hash: keyOf(signIn) }),
      );
      await recordAppUse(trx, signIn, signIn.createdAt);
      return isNew;
    });
  }

  async use(signIn: Pick<AppSignIn, 'id' | 'appId' | 'accountId'>, at: Instant): Promise<void> {
    await transaction(this.db, async (trx) => {
      await trx(APP_SIGN_INS).where({ id: signIn.id }).update({ last_seen_at: at });
      await recordAppUse(trx, signIn, at);
    });
  }
}

/**
 * Where a browser's sign-in has the hash of its cookie, that of a client has this key: one for each sign-in and app. No hash
 * begins with a colon, so no cookie opens it.
 */
function keyOf({ appId, signInId }: Pick<AppSignIn, 'appId' | 'signInId'>): string {
  return `:${digest(signInId, appId)}`.slice(0, LONGEST_KEY);
}

/** Characters of the column. */
const LONGEST_KEY = 43;
