import type { NewAccount, NewMember } from '../../../src/accounts/accounts.ts';
import { newId } from '../../../src/kernel/identifiers.ts';

/** A moment that no 32-bit column holds. */
export const NOW = Date.UTC(2031, 4, 6, 7, 8, 9, 10);

/** An account to be created; every one has another address. */
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

/** The same for those who are created many at once, in these groups. */
export function member(changes: Partial<NewMember> = {}): NewMember {
  return { groupIds: [], ...person(), ...changes };
}

/** Lets twenty do the same at once and returns how many were told that it was them. */
export async function winners(attempt: (contender: number) => Promise<boolean>): Promise<number> {
  const outcomes = await Promise.all(Array.from({ length: 20 }, (_, contender) => attempt(contender)));
  return outcomes.filter(Boolean).length;
}
