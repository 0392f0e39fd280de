import { z } from 'zod';
import type { AuthSnapshot, AuthSnapshots, PersonSnapshot, SessionSubject } from '../policy/snapshot.ts';
import { accountColumns, accountRow } from './account-rows.ts';
import { authenticatorRow } from './authenticators.ts';
import { beginningsOf, graceRow } from './graces.ts';
import { membershipColumns, membershipsOf } from './groups.ts';
import { readSettings, settingRow, settingsOf } from './settings.ts';
import { signInColumns, signInRow } from './sign-ins.ts';
import { identified, jsonUnion, type Part, type UnionRows } from './sql/json-union.ts';
import { LastParsed } from './sql/last-parsed.ts';
import { columnsOf, mappedRow } from './sql/row-mapper.ts';
import { integerColumn } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';

/** The settings, and the data of `:accountId` and `:signInId` on which the policy and the sign-in depend. */
export const PERSON_PARTS = {
  settings: { columns: identified(Object.keys(settingRow.shape)), from: '{settings}' },
  account: { columns: identified(columnsOf(accountColumns)), from: '{accounts} where {id} = :accountId' },
  signIn: {
    columns: {
      ...identified(columnsOf(signInColumns)),
      trust_basis:
        '(select {basis} from {trusted_browsers} where {trusted_browsers}.{id} = {trusted_browser_id})',
    },
    from: '{sign_ins} where {id} = :signInId and {account_id} = :accountId',
  },
  authenticators: {
    columns: identified(columnsOf(authenticatorRow)),
    from: '{authenticators} where {account_id} = :accountId',
  },
  memberships: {
    columns: identified(columnsOf(membershipColumns)),
    from: '{group_members} join {groups} on {group_id} = {id} where {account_id} = :accountId',
  },
  graceStarts: { columns: identified(columnsOf(graceRow)), from: '{graces} where {account_id} = :accountId' },
} as const satisfies Readonly<Record<string, Part>>;

const PARTS = {
  ...PERSON_PARTS,
  recovery: {
    columns: { codes_left: 'count(*)' },
    from: '{recovery_codes} where {account_id} = :accountId and {used_at} is null',
  },
  administration: {
    columns: {
      open_requests: "(select count(*) from {reset_requests} where {state} = 'open')",
      oldest_mail: "(select min({created_at}) from {mails} where {state} = 'waiting')",
      oldest_logout: "(select min({over_at}) from {app_logouts} where {state} = 'due')",
    },
    from: "{accounts} where {id} = :accountId and {role} = 'administrator'",
  },
} as const satisfies Readonly<Record<string, Part>>;

/** Made once, because every request uses them. */
const UNION = jsonUnion(PARTS);
const accountRows = z.array(accountRow);
const signInRows = z.array(signInRow);
const authenticatorRows = z.array(authenticatorRow);
const recoveryRows = z.array(mappedRow({ codesLeft: integerColumn }));
const administrationRows = z.array(
  mappedRow({
    openRequests: integerColumn,
    oldestMail: integerColumn.nullable(),
    oldestLogout: integerColumn.nullable(),
  }),
);

/** Reads what every page needs by one statement. */
export class KnexAuthSnapshots extends SqlStore implements AuthSnapshots {
  readonly #last = new LastParsed<AuthSnapshot>(({ person }) => person !== undefined);

  async read(claim: SessionSubject | undefined): Promise<AuthSnapshot> {
    if (!claim) return { settings: await readSettings(this.db), person: undefined };
    // A pending sign-in has no id yet. No row has the empty one.
    const { accountId, signInId = '' } = claim;
    const rows = await UNION.read(this.db, { accountId, signInId });
    return this.#last.of(`${accountId} ${signInId}`, rows.text, () => ({
      settings: settingsOf(rows.of('settings')),
      person: snapshotOf(rows),
    }));
  }
}

function snapshotOf(rows: Pick<UnionRows<keyof typeof PARTS>, 'of'>): PersonSnapshot | undefined {
  const person = personOf(rows);
  if (!person) return undefined;
  const [recovery] = recoveryRows.parse(rows.of('recovery'));
  const [administration] = administrationRows.parse(rows.of('administration'));
  return {
    ...person,
    codesLeft: recovery?.codesLeft ?? 0,
    openRequests: administration?.openRequests ?? 0,
    oldestMail: administration?.oldestMail ?? undefined,
    oldestLogout: administration?.oldestLogout ?? undefined,
  };
}

/** The person in the rows of `PERSON_PARTS`; undefined if there is no account. */
export function personOf(rows: Pick<UnionRows<keyof typeof PERSON_PARTS>, 'of'>) {
  const [account] = accountRows.parse(rows.of('account'));
  if (!account) return undefined;
  const authenticators = authenticatorRows.parse(rows.of('authenticators'));
  return {
    account,
    signIn: signInRows.parse(rows.of('signIn'))[0],
    authenticators: authenticators.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)),
    memberships: membershipsOf(rows.of('memberships')),
    graceStarts: beginningsOf(rows.of('graceStarts')).get(account.id) ?? new Map<string, number>(),
  };
}
