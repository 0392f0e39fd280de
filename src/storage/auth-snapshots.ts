import type { Knex } from 'knex';
import { z } from 'zod';
import type { AuthSnapshot, AuthSnapshots, PersonSnapshot, SessionSubject } from '../policy/snapshot.ts';
import { accountColumns, accountRow } from './account-rows.ts';
import { authenticatorRow } from './authenticators.ts';
import { beginningsOf, graceRow } from './graces.ts';
import { membershipColumns, membershipsOf } from './groups.ts';
import { readSettings, settingRow, settingsOf } from './settings.ts';
import { signInColumns, signInRow } from './sign-ins.ts';
import { columnsOf, mappedRow } from './sql/row-mapper.ts';
import { type Driver, driverOf, integerColumn, json, rowsOf } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';

/** Rows of one kind: the expression of each column by its name, and the rest of the query. */
interface Part {
  readonly columns: Readonly<Record<string, string>>;
  readonly from: string;
}

/** Identifiers are in braces, to be quoted: some are reserved words in one of the databases. */
const PARTS = {
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
  recovery: {
    columns: { codes_left: 'count(*)' },
    from: '{recovery_codes} where {account_id} = :accountId and {used_at} is null',
  },
  administration: {
    columns: {
      open_requests: "(select count(*) from {reset_requests} where {state} = 'open')",
      oldest_mail: "(select min({created_at}) from {mails} where {state} = 'waiting')",
    },
    from: "{accounts} where {id} = :accountId and {role} = 'administrator'",
  },
} as const satisfies Readonly<Record<string, Part>>;

/** Made once, because every request uses them. */
const partRows = z.array(z.object({ part: z.string(), body: json }));
const accountRows = z.array(accountRow);
const signInRows = z.array(signInRow);
const authenticatorRows = z.array(authenticatorRow);
const recoveryRows = z.array(mappedRow({ codesLeft: integerColumn }));
const administrationRows = z.array(
  mappedRow({ openRequests: integerColumn, oldestMail: integerColumn.nullable() }),
);

/** Reads what every page needs by one statement: a union in which each row is a row of one table, as JSON. */
export class KnexAuthSnapshots extends SqlStore implements AuthSnapshots {
  readonly #union: Statement;

  constructor(db: Knex) {
    super(db);
    this.#union = unionOn(db);
  }

  async read(claim: SessionSubject | undefined): Promise<AuthSnapshot> {
    if (!claim) return { settings: await readSettings(this.db), person: undefined };
    const { sql, values } = this.#union;
    const answer: unknown = await this.db.raw(sql, [...values(claim)]);
    const byPart = Map.groupBy(partRows.parse(rowsOf(answer)), ({ part }) => part);
    const rows = (part: keyof typeof PARTS) => byPart.get(part)?.map(({ body }) => body) ?? [];
    return { settings: settingsOf(rows('settings')), person: personOf(rows) };
  }
}

function personOf(rows: (part: keyof typeof PARTS) => unknown[]): PersonSnapshot | undefined {
  const [account] = accountRows.parse(rows('account'));
  if (!account) return undefined;
  const authenticators = authenticatorRows.parse(rows('authenticators'));
  const [recovery] = recoveryRows.parse(rows('recovery'));
  const [administration] = administrationRows.parse(rows('administration'));
  return {
    account,
    signIn: signInRows.parse(rows('signIn'))[0],
    authenticators: authenticators.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)),
    memberships: membershipsOf(rows('memberships')),
    graceStarts: beginningsOf(rows('graceStarts')).get(account.id) ?? new Map(),
    codesLeft: recovery?.codesLeft ?? 0,
    openRequests: administration?.openRequests ?? 0,
    oldestMail: administration?.oldestMail ?? undefined,
  };
}

/** A statement, and the values of its placeholders in order. */
interface Statement {
  readonly sql: string;
  readonly values: (claim: SessionSubject) => readonly string[];
}

function unionOn(db: Knex): Statement {
  const driver = driverOf(db);
  const object = JSON_OBJECT[driver];
  // SQLite (built with SQLITE_ENABLE_STAT4) compiles a statement again for each new value that its plan might depend on.
  // No plan depends on a value behind a plus, which does nothing else; this union takes longer to compile than to run.
  const placeholder = driver === 'better-sqlite3' ? '+?' : '?';
  const selects = Object.entries<Part>(PARTS).map(([name, { columns, from }]) => {
    const pairs = Object.entries(columns).map(([column, value]) => `'${column}', ${value}`);
    return `select '${name}' as {part}, ${object(pairs.join(', '))} as {body} from ${from}`;
  });
  const order: string[] = [];
  const sql = selects
    .join(' union all ')
    .replace(/\{(\w+)\}/g, (_, identifier) => db.raw('??', [identifier]).toQuery())
    .replace(/:(accountId|signInId)/g, (_, value) => {
      order.push(value);
      return placeholder;
    });
  // A pending sign-in has no id yet. No row has the empty one.
  return {
    sql,
    values: ({ accountId, signInId = '' }) =>
      order.map((value) => (value === 'signInId' ? signInId : accountId)),
  };
}

/** As text, because drivers parse the JSON types of PostgreSQL and MySQL. */
const JSON_OBJECT: Readonly<Record<Driver, (pairs: string) => string>> = {
  'better-sqlite3': (pairs) => `json_object(${pairs})`,
  pg: (pairs) => `cast(json_build_object(${pairs}) as text)`,
  mysql2: (pairs) => `cast(json_object(${pairs}) as char)`,
};

function identified(columns: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(columns.map((column) => [column, `{${column}}`]));
}
