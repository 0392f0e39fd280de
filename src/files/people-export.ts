import { type Account, accountState } from '../accounts/account.ts';
import type { ListedPerson, People } from '../administration/people.ts';
import type { Instant } from '../kernel/time.ts';
import { BETWEEN_GROUPS } from '../policy/group.ts';
import { type ExportFormat, type Writing, written } from './formats.ts';

/** All people with their authenticators, oldest account first, without hashes or secrets. */
export function exportPeople(people: People, format: ExportFormat): AsyncGenerator<string> {
  return written(everybody(people), format, WRITING);
}

async function* everybody(people: People): AsyncGenerator<ListedPerson> {
  for await (const batch of people.inBatches()) yield* batch;
}

const WRITING: Writing<ListedPerson> = {
  columns: [
    ...['id', 'email', 'name', 'role', 'state', 'created', 'last_sign_in', 'methods', 'authenticators'],
    ...['groups', 'language'],
  ],
  cells: ({ account, authenticators, groups }) => [
    account.id,
    account.email,
    account.name,
    account.role,
    accountState(account),
    isoMoment(account.createdAt) ?? '',
    isoMoment(account.lastSignInAt) ?? '',
    [...new Set(authenticators.map(({ method }) => method))].join(' '),
    authenticators.map(({ method, name }) => `${method}: ${name}`).join('; '),
    groups.join(`${BETWEEN_GROUPS} `),
    languageOf(account) ?? '',
  ],
  record: personRecord,
};

/** A person as JSON: times in ISO 8601, no secrets. */
export function personRecord({ account, authenticators, groups }: ListedPerson) {
  return {
    id: account.id,
    email: account.email,
    name: account.name,
    role: account.role,
    state: accountState(account),
    authenticators: authenticators.map(({ method, name, createdAt, lastUsedAt, blockedAt }) => ({
      method,
      name,
      createdAt: isoMoment(createdAt),
      lastUsedAt: isoMoment(lastUsedAt),
      blockedAt: isoMoment(blockedAt),
    })),
    groups,
    language: languageOf(account),
    createdAt: isoMoment(account.createdAt),
    lastSignInAt: isoMoment(account.lastSignInAt),
  };
}

/** Language of the person's mails, if known. */
function languageOf({ locale, knownLanguage }: Account): string | null {
  return locale ?? knownLanguage;
}

function isoMoment(instant: Instant | null): string | null {
  return instant === null ? null : new Date(instant).toISOString();
}
