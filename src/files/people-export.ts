import { type Account, accountState } from '../accounts/account.ts';
import type { Accounts } from '../accounts/accounts.ts';
import { BETWEEN_GROUPS } from '../accounts/group.ts';
import type { Groups } from '../accounts/groups.ts';
import type { Instant } from '../time.ts';
import type { Authenticator, Authenticators } from '../two-factor/authenticator.ts';
import { type ExportFormat, type Writing, written } from './formats.ts';

interface PeopleServices {
  readonly accounts: Accounts;
  readonly authenticators: Authenticators;
  readonly groups: Groups;
}

export interface ExportedPerson {
  readonly account: Account;
  readonly authenticators: readonly Authenticator[];
  /** The names of the groups that they are in. */
  readonly groups: readonly string[];
}

/** Everybody with their authenticators, oldest account first; no password hash and no secret of any kind. */
export function exportPeople(services: PeopleServices, format: ExportFormat): AsyncGenerator<string> {
  return written(everybody(services), format, WRITING);
}

async function* everybody(services: PeopleServices): AsyncGenerator<ExportedPerson> {
  for await (const batch of services.accounts.inBatches()) yield* withWhatTheyHave(batch, services);
}

/** Each of these with their authenticators and groups. */
export async function* withWhatTheyHave(
  people: readonly Account[],
  { authenticators, groups }: Pick<PeopleServices, 'authenticators' | 'groups'>,
): AsyncGenerator<ExportedPerson> {
  const ids = people.map(({ id }) => id);
  const theirs = await authenticators.ofMany(ids);
  const memberships = await groups.ofMany(ids);
  for (const account of people) {
    yield {
      account,
      authenticators: theirs.get(account.id) ?? [],
      groups: (memberships.get(account.id) ?? []).map(({ group }) => group.name),
    };
  }
}

const WRITING: Writing<ExportedPerson> = {
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
export function personRecord({ account, authenticators, groups }: ExportedPerson) {
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
