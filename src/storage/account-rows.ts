import { z } from 'zod';
import type { Account } from '../accounts/account.ts';
import { NO_GRACE, storedGrace } from '../settings/grace.ts';
import { mappedRow } from './sql/row-mapper.ts';
import { integerColumn, json } from './sql/rows.ts';

/** The columns of an account. */
export const accountColumns = mappedRow({
  id: z.string(),
  email: z.string(),
  emailConfirmedAt: integerColumn.nullable(),
  name: z.string(),
  locale: z.string().nullable(),
  knownLanguage: z.string().nullable(),
  passwordHash: z.string().nullable(),
  role: z.enum(['member', 'administrator']),
  disabledAt: integerColumn.nullable(),
  sessionEpoch: integerColumn,
  suggestedAt: integerColumn.nullable(),
  createdAt: integerColumn,
  lastSignInAt: integerColumn.nullable(),
  enforcedAt: integerColumn.nullable(),
  enforcedGrace: json.pipe(storedGrace).nullable(),
  factorRemovedAt: integerColumn.nullable(),
  approvesFrom: integerColumn.nullable(),
  resetByMailAt: integerColumn.nullable(),
});

export const accountRow = accountColumns.transform(
  ({ enforcedAt, enforcedGrace, ...account }): Account => ({
    ...account,
    enforcement: enforcedAt === null ? null : { at: enforcedAt, grace: enforcedGrace ?? NO_GRACE },
  }),
);
