import { z } from 'zod';
import type { Account } from '../accounts/account.ts';
import { NO_GRACE } from '../two-factor/grace.ts';
import { json, whole } from './rows.ts';
import { graceShape } from './rules.ts';

/** An account as its table has it. */
export const accountRow = z
  .object({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    locale: z.string().nullable(),
    password_hash: z.string().nullable(),
    role: z.enum(['member', 'administrator']),
    disabled_at: whole.nullable(),
    session_epoch: whole,
    suggested_at: whole.nullable(),
    created_at: whole,
    last_sign_in_at: whole.nullable(),
    enforced_at: whole.nullable(),
    enforced_grace: json.pipe(graceShape).nullable(),
    factor_removed_at: whole.nullable(),
  })
  .transform(
    (row): Account => ({
      id: row.id,
      email: row.email,
      name: row.name,
      locale: row.locale,
      passwordHash: row.password_hash,
      role: row.role,
      disabledAt: row.disabled_at,
      sessionEpoch: row.session_epoch,
      suggestedAt: row.suggested_at,
      createdAt: row.created_at,
      lastSignInAt: row.last_sign_in_at,
      enforcement:
        row.enforced_at === null ? null : { at: row.enforced_at, grace: row.enforced_grace ?? NO_GRACE },
      factorRemovedAt: row.factor_removed_at,
    }),
  );
