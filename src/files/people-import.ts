import type { z } from 'zod';
import { type Account, LONGEST_PERSON_NAME } from '../accounts/account.ts';
import { importableHash, isUnusable } from '../accounts/password-hashes.ts';
import type { ImportedPerson, PeopleImport } from '../administration/people-import.ts';
import { emailKey } from '../kernel/email-address.ts';
import { emailAddress, lineOfText } from '../kernel/fields.ts';
import type { MessageKey, Words } from '../kernel/i18n.ts';
import { BETWEEN_GROUPS, groupNameKey } from '../policy/group.ts';
import type { Groups } from '../policy/groups.ts';
import { type CsvRow, readCsv } from './csv.ts';
import { type Column, type Header, readHeader } from './people-columns.ts';

/** An error with the lines that have it: a key of the catalogue and its values. */
export interface LineFault {
  /** All lines with this error: an unknown role may be in hundreds. */
  readonly lines: readonly number[];
  readonly key: MessageKey;
  readonly values?: Readonly<Record<string, string | number>>;
}

/** The result of checking a file. */
export interface ImportCheck {
  readonly newcomers: readonly ImportedPerson[];
  /** Existing accounts, if they are no error. */
  readonly there: readonly Account[];
  /** The header has an error, so no line can be read or skipped. */
  readonly isUnreadable: boolean;
  /** Sorted by first line; at most one per line. */
  readonly faults: readonly LineFault[];
  /** Names of columns that are not imported. */
  readonly leftOut: readonly string[];
}

export interface CheckOptions {
  /** Resumes an import that broke off: people who have an account were in its first part. */
  readonly resume: boolean;
  /** Unknown columns are skipped. */
  readonly leaveOut: boolean;
}

interface ImportServices {
  readonly peopleImport: PeopleImport;
  readonly groups: Groups;
  readonly words: Words;
}

/** Checks a file of people without changing anything. */
export async function checkPeople(
  text: string,
  { peopleImport, groups, words }: ImportServices,
  { resume, leaveOut }: CheckOptions,
): Promise<ImportCheck> {
  const groupIds = new Map((await groups.all()).map(({ name, id }) => [groupNameKey(name), id]));
  const { people, isUnreadable, faults, leftOut } = readPeople(text, { groupIds, words }, leaveOut);
  const existing = await peopleImport.existing(people.map(({ email }) => email));
  const accountOf = ({ email }: ImportedPerson) => existing.get(emailKey(email));
  const takenFaults = resume
    ? []
    : people.filter(accountOf).map(({ line, email }) => fault(line, 'import.has-account', { email }));
  return {
    newcomers: people.filter((person) => !accountOf(person)),
    there: resume ? people.flatMap((person) => accountOf(person) ?? []) : [],
    isUnreadable,
    faults: faultsByLine([...faults, ...takenFaults]),
    leftOut,
  };
}

/** Number of faulty lines. */
export function faultyLines({ faults }: ImportCheck): number {
  return faults.reduce((count, { lines }) => count + lines.length, 0);
}

/** Merges the same error of several lines. */
function faultsByLine(faults: readonly LineFault[]): readonly LineFault[] {
  const alike = Map.groupBy(faults, ({ key, values }) => JSON.stringify([key, values]));
  return [...alike.values()]
    .flatMap((same) => {
      const [first] = same;
      const lines = same.flatMap((one) => one.lines).sort((one, other) => one - other);
      return first ? { ...first, lines } : [];
    })
    .sort((one, other) => (one.lines[0] ?? 0) - (other.lines[0] ?? 0));
}

interface PersonOnLine extends ImportedPerson {
  readonly line: number;
}

interface PeopleFile {
  readonly people: readonly PersonOnLine[];
  readonly isUnreadable: boolean;
  readonly faults: readonly LineFault[];
  readonly leftOut: readonly string[];
}

/** The ids of groups by `groupNameKey`. */
type GroupIds = ReadonlyMap<string, string>;

/** What cells refer to. */
interface Known {
  readonly groupIds: GroupIds;
  readonly words: Words;
}

function readPeople(text: string, known: Known, leaveOut: boolean): PeopleFile {
  const [first, ...rows] = readCsv(text);
  const nobody = { people: [], isUnreadable: true, leftOut: [] };
  if (!first) return { ...nobody, faults: [fault(1, 'import.nothing')] };
  if (!first.cells) return { ...nobody, faults: [fault(first.number, 'import.quotes')] };
  const header = readHeader(first.cells, { leaveOut });
  if ('key' in header) return { ...nobody, faults: [fault(first.number, header.key, header.values)] };
  if (rows.length === 0) return { ...nobody, faults: [fault(first.number, 'import.nothing')] };
  const people: PersonOnLine[] = [];
  const faults: LineFault[] = [];
  const linesByEmail = new Map<string, number>();
  for (const row of rows) {
    const outcome = personOn(row, header, known);
    const earlier = 'email' in outcome ? linesByEmail.get(emailKey(outcome.email)) : undefined;
    if (earlier !== undefined) faults.push(fault(row.number, 'import.same-address', { earlier }));
    else if ('key' in outcome) faults.push(outcome);
    else {
      linesByEmail.set(emailKey(outcome.email), row.number);
      people.push(outcome);
    }
  }
  return { people, isUnreadable: false, faults, leftOut: header.leftOut };
}

const schemas = {
  email: emailAddress('invite.email-missing'),
  name: lineOfText('invite.name-missing', LONGEST_PERSON_NAME),
} as const;

function personOn(
  { number, cells }: CsvRow,
  { columns }: Header,
  { groupIds, words }: Known,
): PersonOnLine | LineFault {
  if (!cells) return fault(number, 'import.quotes');
  // Spreadsheets end rows with separators for empty columns without a name.
  const count = Math.max(columns.length, cells.findLastIndex((text) => text.trim() !== '') + 1);
  if (cells.length < columns.length || count > columns.length)
    return fault(number, 'import.cells', { count: Math.min(count, cells.length), columns: columns.length });
  const cell = (column: Column) => cells[columns.indexOf(column)] ?? '';
  const email = schemas.email.safeParse(cell('email'));
  if (!email.success) return faultOf(number, email.error);
  const name = schemas.name.safeParse(cell('name'));
  if (!name.success) return faultOf(number, name.error);
  const role = cell('role').trim().toLowerCase() || 'member';
  if (role !== 'member' && role !== 'administrator') return fault(number, 'import.role-unknown', { role });
  const hash = cell('password_hash').trim();
  const passwordHash = hash === '' || isUnusable(hash) ? null : hash;
  if (passwordHash !== null && !importableHash(passwordHash)) return fault(number, 'import.hash-unknown');
  const groups = namesIn(cell('groups'));
  const unknown = groups.find((group) => !groupIds.has(groupNameKey(group)));
  if (unknown !== undefined) return fault(number, 'import.group-unknown', { group: unknown });
  const typedLanguage = cell('language').trim();
  const language = typedLanguage === '' ? null : words.named(typedLanguage);
  if (language === undefined) return fault(number, 'import.language-unknown', { languages: codesOf(words) });
  return {
    line: number,
    email: email.data,
    name: name.data,
    role,
    passwordHash,
    groupIds: [...new Set(groups.flatMap((group) => groupIds.get(groupNameKey(group)) ?? []))],
    language,
  };
}

function codesOf({ locales }: Words): string {
  return locales.map(({ code }) => code).join(', ');
}

function namesIn(cell: string): readonly string[] {
  return cell.split(BETWEEN_GROUPS).flatMap((name) => name.trim() || []);
}

function faultOf(line: number, { issues: [issue] }: z.ZodError): LineFault {
  const count = issue && 'maximum' in issue && typeof issue.maximum === 'number' ? issue.maximum : 0;
  return fault(line, (issue?.message ?? 'import.quotes') as MessageKey, { count });
}

function fault(line: number, key: MessageKey, values: LineFault['values'] = {}): LineFault {
  return { lines: [line], key, values };
}
