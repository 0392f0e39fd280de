import type { Knex } from 'knex';
import { z } from 'zod';
import type { Claim, PersonFacts, StandingFacts, Standings } from '../accounts/standings.ts';
import { accountRow } from './account-rows.ts';
import { authenticatorRow } from './authenticators.ts';
import { beginningsOf, graceRow } from './graces.ts';
import { membershipRow, membershipsOf } from './groups.ts';
import { type Driver, driverOf, json, rowsOf, whole } from './rows.ts';
import { readSettings, settingRow, settingsOf } from './settings.ts';
import { signInRow } from './sign-ins.ts';

/** Rows of one kind: their columns by name, and where they are found. */
interface Part {
  readonly columns: Readonly<Record<string, string>>;
  readonly from: string;
}

/** Identifiers are in braces, for some are words of SQL to one database or another. */
const PARTS = {
  settings: { columns: columnsOf(settingRow), from: '{settings}' },
  account: { columns: columnsOf(accountRow.in), from: '{accounts} where {id} = :accountId' },
  signIn: {
    columns: columnsOf(signInRow.in),
    from: '{sign_ins} where {id} = :signInId and {account_id} = :accountId',
  },
  authenticators: {
    columns: columnsOf(authenticatorRow.in),
    from: '{authenticators} where {account_id} = :accountId',
  },
  memberships: {
    columns: columnsOf(membershipRow),
    from: '{group_members} join {groups} on {group_id} = {id} where {account_id} = :accountId',
  },
  beginnings: { columns: columnsOf(graceRow), from: '{graces} where {account_id} = :accountId' },
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

/** Made once: pages are parsed by them on every request. */
const partRows = z.array(z.object({ part: z.string(), body: json }));
const accountRows = z.array(accountRow);
const signInRows = z.array(signInRow);
const authenticatorRows = z.array(authenticatorRow);
const recoveryRows = z.array(z.object({ codes_left: whole }));
const administrationRows = z.array(z.object({ open_requests: whole, oldest_mail: whole.nullable() }));

/** What pages ask of the database on every request: one union, each row of it a row of one table, as JSON. */
export class KnexStandings implements Standings {
  readonly #db: Knex;
  readonly #union: Statement;

  constructor(db: Knex) {
    this.#db = db;
    this.#union = unionOn(db);
  }

  async read(claim: Claim | undefined): Promise<StandingFacts> {
    if (!claim) return { settings: await readSettings(this.#db), person: undefined };
    const { sql, values } = this.#union;
    const answer: unknown = await this.#db.raw(sql, [...values(claim)]);
    const byPart = Map.groupBy(partRows.parse(rowsOf(answer)), ({ part }) => part);
    const rows = (part: keyof typeof PARTS) => byPart.get(part)?.map(({ body }) => body) ?? [];
    return { settings: settingsOf(rows('settings')), person: personOf(rows) };
  }
}

function personOf(rows: (part: keyof typeof PARTS) => unknown[]): PersonFacts | undefined {
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
    beginnings: beginningsOf(rows('beginnings')).get(account.id) ?? new Map(),
    codesLeft: recovery?.codes_left ?? 0,
    openRequests: administration?.open_requests ?? 0,
    oldestMail: administration?.oldest_mail ?? undefined,
  };
}

/** A statement, and the values of its placeholders in their order. */
interface Statement {
  readonly sql: string;
  readonly values: (claim: Claim) => readonly string[];
}

function unionOn(db: Knex): Statement {
  const object = JSON_OBJECT[driverOf(db)];
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
      return '?';
    });
  // Half way through there is no sign-in yet: the empty id is nobody's.
  return {
    sql,
    values: ({ accountId, signInId = '' }) =>
      order.map((value) => (value === 'signInId' ? signInId : accountId)),
  };
}

/** MySQL has a type of its own for JSON, which its driver would parse. */
const JSON_OBJECT: Readonly<Record<Driver, (pairs: string) => string>> = {
  'better-sqlite3': (pairs) => `json_object(${pairs})`,
  pg: (pairs) => `cast(json_build_object(${pairs}) as text)`,
  mysql2: (pairs) => `cast(json_object(${pairs}) as char)`,
};

function columnsOf({ shape }: { readonly shape: object }): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(shape).map((column) => [column, `{${column}}`]));
}
