import { accountState } from '../accounts/account.ts';
import { BETWEEN_GROUPS } from '../accounts/group.ts';
import type { ListedPerson, People } from '../accounts/people.ts';
import type { Instant } from '../time.ts';
import { type ExportFormat, type Writing, written } from './formats.ts';

/** Everybody with their authenticators, oldest account first; no password hash and no secret of any kind. */
export function exportPeople(people: People, format: ExportFormat): AsyncGenerator<string> {
  return written(everybody(people), format, WRITING);
}

async function* everybody(people: People): AsyncGenerator<ListedPerson> {
  for await (const batch of people.inBatches()) yield* batch;
}

const WRITING: Writing<ListedPerson> = {
  columns: [
    ...['id', 'email', 'name', 'role', 'state', 'created', 'last_sign_in', 'methods', 'authenticators'],
    'groups',
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
  ],
  record: personRecord,
};

/** A person for programs: moments in ISO 8601, and no secret of any kind. */
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
    createdAt: isoMoment(account.createdAt),
    lastSignInAt: isoMoment(account.lastSignInAt),
  };
}

function isoMoment(instant: Instant | null): string | null {
  return instant === null ? null : new Date(instant).toISOString();
}
