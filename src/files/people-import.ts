import type { z } from 'zod';
import { type Account, emailKey, LONGEST_PERSON_NAME } from '../accounts/account.ts';
import { BETWEEN_GROUPS, groupNameKey } from '../accounts/group.ts';
import type { Groups } from '../accounts/groups.ts';
import { readHash } from '../accounts/password-hashes.ts';
import type { ImportedPerson, PeopleImport } from '../accounts/people-import.ts';
import { emailAddress, lineOfText } from '../fields.ts';
import type { MessageKey } from '../words.ts';
import { type CsvLine, readCsv } from './csv.ts';

/** What a file of people may have in its columns, in any order; the first two have to be there. */
export const IMPORT_COLUMNS = ['email', 'name', 'role', 'password_hash', 'groups'] as const;
type Column = (typeof IMPORT_COLUMNS)[number];
const NEEDED: readonly Column[] = ['email', 'name'];

/** What is wrong with a line: a key of the catalogue and what fills it in. */
export interface LineFault {
  readonly line: number;
  readonly key: MessageKey;
  readonly values?: Readonly<Record<string, string | number>>;
}

/** What an import would do. */
export interface ImportCheck {
  readonly newcomers: readonly ImportedPerson[];
  /** Accounts that are there already, where that is no fault. */
  readonly there: readonly Account[];
  /** By line; a line has one at most. */
  readonly faults: readonly LineFault[];
}

/**
 * Checks a file of people and changes nothing. `resume`: an import was broken off, and who has an account already was
 * in its first part.
 */
export async function checkPeople(
  text: string,
  { peopleImport, groups }: { readonly peopleImport: PeopleImport; readonly groups: Groups },
  { resume }: { readonly resume: boolean },
): Promise<ImportCheck> {
  const groupIds = new Map((await groups.all()).map(({ name, id }) => [groupNameKey(name), id]));
  const { people, faults } = readPeople(text, groupIds);
  const existing = await peopleImport.existing(people.map(({ email }) => email));
  const accountOf = ({ email }: ImportedPerson) => existing.get(emailKey(email));
  const takenFaults = resume
    ? []
    : people.filter(accountOf).map(({ line, email }) => fault(line, 'import.has-account', { email }));
  return {
    newcomers: people.filter((person) => !accountOf(person)),
    there: resume ? people.flatMap((person) => accountOf(person) ?? []) : [],
    faults: [...faults, ...takenFaults].sort((one, other) => one.line - other.line),
  };
}

interface PersonOnLine extends ImportedPerson {
  readonly line: number;
}

interface PeopleFile {
  readonly people: readonly PersonOnLine[];
  readonly faults: readonly LineFault[];
}

/** The ids of groups by `groupNameKey`. */
type GroupIds = ReadonlyMap<string, string>;

function readPeople(text: string, groupIds: GroupIds): PeopleFile {
  const [header, ...lines] = readCsv(text);
  if (!header) return { people: [], faults: [fault(1, 'import.nothing')] };
  const columns = (header.cells ?? []).map((cell) => cell.trim().toLowerCase());
  const headerFault = faultOfHeader(header, columns);
  if (headerFault) return { people: [], faults: [headerFault] };
  if (lines.length === 0) return { people: [], faults: [fault(header.number, 'import.nothing')] };
  const people: PersonOnLine[] = [];
  const faults: LineFault[] = [];
  const linesByEmail = new Map<string, number>();
  for (const line of lines) {
    const outcome = personOn(line, columns, groupIds);
    const earlier = 'email' in outcome ? linesByEmail.get(emailKey(outcome.email)) : undefined;
    if (earlier !== undefined) faults.push(fault(line.number, 'import.same-address', { earlier }));
    else if ('key' in outcome) faults.push(outcome);
    else {
      linesByEmail.set(emailKey(outcome.email), line.number);
      people.push(outcome);
    }
  }
  return { people, faults };
}

function faultOfHeader({ number, cells }: CsvLine, columns: readonly string[]): LineFault | undefined {
  if (!cells) return fault(number, 'import.quotes');
  const known = { columns: IMPORT_COLUMNS.join(', ') };
  const missing = NEEDED.find((column) => !columns.includes(column));
  if (missing) return fault(number, 'import.no-column', { column: missing, ...known });
  // A column that was taken for none would be lost without a word.
  const unknown = columns.find((column) => !IMPORT_COLUMNS.some((one) => one === column));
  if (unknown !== undefined) return fault(number, 'import.unknown-column', { column: unknown, ...known });
  const twice = columns.find((column, index) => columns.indexOf(column) !== index);
  return twice === undefined ? undefined : fault(number, 'import.column-twice', { column: twice });
}

const schemas = {
  email: emailAddress('invite.email-missing'),
  name: lineOfText('invite.name-missing', LONGEST_PERSON_NAME),
} as const;

function personOn(
  { number, cells }: CsvLine,
  columns: readonly string[],
  groupIds: GroupIds,
): PersonOnLine | LineFault {
  if (!cells) return fault(number, 'import.quotes');
  if (cells.length !== columns.length)
    return fault(number, 'import.cells', { count: cells.length, columns: columns.length });
  const cell = (column: Column) => cells[columns.indexOf(column)] ?? '';
  const email = schemas.email.safeParse(cell('email'));
  if (!email.success) return faultOf(number, email.error);
  const name = schemas.name.safeParse(cell('name'));
  if (!name.success) return faultOf(number, name.error);
  const role = cell('role').trim().toLowerCase() || 'member';
  if (role !== 'member' && role !== 'administrator') return fault(number, 'import.role-unknown');
  const passwordHash = cell('password_hash').trim() || null;
  if (passwordHash !== null && !readHash(passwordHash)) return fault(number, 'import.hash-unknown');
  const groups = namesIn(cell('groups'));
  const unknown = groups.find((group) => !groupIds.has(groupNameKey(group)));
  if (unknown !== undefined) return fault(number, 'import.group-unknown', { group: unknown });
  return {
    line: number,
    email: email.data,
    name: name.data,
    role,
    passwordHash,
    groupIds: [...new Set(groups.flatMap((group) => groupIds.get(groupNameKey(group)) ?? []))],
  };
}

function namesIn(cell: string): readonly string[] {
  return cell.split(BETWEEN_GROUPS).flatMap((name) => name.trim() || []);
}

function faultOf(line: number, { issues: [issue] }: z.ZodError): LineFault {
  const count = issue && 'maximum' in issue && typeof issue.maximum === 'number' ? issue.maximum : 0;
  return fault(line, (issue?.message ?? 'import.quotes') as MessageKey, { count });
}

function fault(line: number, key: MessageKey, values: LineFault['values'] = {}): LineFault {
  return { line, key, values };
}
