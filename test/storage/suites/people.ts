import type { NewAccount, NewMember } from '../../../src/accounts/accounts.ts';
import { newId } from '../../../src/kernel/identifiers.ts';

/** A time that does not fit into a 32-bit column. */
export const NOW = Date.UTC(2031, 4, 6, 7, 8, 9, 10);

/** A new account; each one has another address. */
export function person(changes: Partial<NewAccount> = {}): NewAccount {
  const id = newId(NOW);
  return {
    id,
    email: `${id}@example.org`,
    name: 'Ann Smith',
    locale: null,
    knownLanguage: null,
    passwordHash: null,
    role: 'member',
    createdAt: NOW,
    ...(changes.role === 'administrator' && { approvesFrom: NOW }),
    ...changes,
  };
}

/** The same for accounts that are created in bulk, in these groups. */
export function member(changes: Partial<NewMember> = {}): NewMember {
  return { groupIds: [], ...person(), ...changes };
}

/** Runs the same twenty times at once and returns how many succeeded. */
export async function winners(attempt: (contender: number) => Promise<boolean>): Promise<number> {
  const outcomes = await Promise.all(Array.from({ length: 20 }, (_, contender) => attempt(contender)));
  return outcomes.filter(Boolean).length;
}
