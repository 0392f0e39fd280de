import { z } from 'zod';
import { readHash } from '../accounts/password-hashes.ts';
import { accountRow } from './account-rows.ts';
import { secretRow } from './app-secrets.ts';
import { appColumns, appGroupColumns, appOf, appUseColumns } from './apps.ts';
import { eventRow } from './audit.ts';
import { authenticatorRow } from './authenticators.ts';
import { challengeRow } from './challenges.ts';
import { consentRow } from './consents.ts';
import { graceRow } from './graces.ts';
import { groupRow } from './groups.ts';
import { storedAllowance, storedThrottle } from './limits.ts';
import { linkRow } from './links.ts';
import { storedMail } from './mails.ts';
import { requestColumns } from './reset-requests.ts';
import { settingRow, storedSettings } from './settings.ts';
import { signInRow } from './sign-ins.ts';
import { keyRow } from './signing-keys.ts';
import { integerColumn } from './sql/rows.ts';
import type { Row } from './sql/table-rows.ts';
import { trustedBrowserRow } from './trusted-browsers.ts';

/** Schemas of the rows of each table. One unreadable row would break every list that contains it. */
const READ: Readonly<Record<string, z.ZodType>> = {
  accounts: accountRow.refine(
    ({ passwordHash }) => passwordHash === null || readHash(passwordHash) !== undefined,
  ),
  allowances: storedAllowance,
  app_consents: consentRow,
  app_groups: appGroupColumns,
  app_logouts: z.object({
    app_id: z.string(),
    account_id: z.string(),
    sign_in_id: z.string(),
    state: z.enum(['open', 'due', 'told', 'failed']),
  }),
  app_secrets: secretRow,
  app_uses: appUseColumns,
  apps: appColumns.transform((row) => appOf(row, [])),
  audit_events: eventRow,
  authenticators: authenticatorRow,
  challenges: challengeRow,
  client_budgets: z.object({ full_at: integerColumn, wait_until: integerColumn }),
  graces: graceRow,
  group_members: z.object({ group_id: z.string(), account_id: z.string(), joined_at: integerColumn }),
  groups: groupRow,
  links: linkRow,
  mails: storedMail,
  recovery_codes: z.object({ salt: z.string(), code_hash: z.string(), created_at: integerColumn }),
  reset_approvals: z.object({
    request_id: z.string(),
    administrator_id: z.string(),
    at: integerColumn,
    note: z.string(),
  }),
  reset_requests: requestColumns,
  settings: settingRow.refine(({ name, value }) => storedSettings.safeParse({ [name]: value }).success),
  // `trust_basis` is a column of the trusted browser, joined in when a sign-in is read.
  sign_ins: z.preprocess((row) => Object.assign({ trust_basis: null }, row), signInRow),
  signing_keys: keyRow,
  throttles: storedThrottle,
  trusted_browsers: trustedBrowserRow,
};

/** Tables whose rows are copied from one database to another. */
export const CARRIED_TABLES: readonly string[] = Object.keys(READ);

/** ECMA-262 §21.4.1.1: the latest moment, in milliseconds. All stored numbers are integers, none larger than this. */
const LATEST = 8.64e15;

/**
 * Whether this version can read a row from elsewhere: known roles, events and kinds, numbers within bounds, valid JSON, and
 * password hashes that cost no more to check than those of an import.
 */
export function isReadable(table: string, row: Row): boolean {
  const numbers = Object.values(row).filter((value) => typeof value === 'number');
  const areWithin = numbers.every((number) => Number.isInteger(number) && Math.abs(number) <= LATEST);
  try {
    return areWithin && READ[table]?.safeParse(row).success === true;
  } catch {
    // Invalid JSON.
    return false;
  }
}
