import type { Account, Role } from '../../src/accounts/account.ts';
import { hashPassword } from '../../src/accounts/passwords.ts';
import { newId } from '../../src/kernel/identifiers.ts';
import type { TestPortal } from './portal.ts';
import { PASSWORD } from './somebody.ts';

export { PASSWORD };

export interface NewAccount {
  readonly email: string;
  readonly name: string;
  readonly role?: Role;
  /** False: somebody who was invited and has not chosen a password yet. */
  readonly hasPassword?: boolean;
}

/** Made once: where many accounts are needed, a slow hash each would be most of the time. */
let hash: Promise<string> | undefined;

/** Creates an account with `PASSWORD`, by its store alone: nothing is mailed or written down. */
export async function quickAccount(
  { services, now }: Pick<TestPortal, 'services' | 'now'>,
  wanted: NewAccount,
): Promise<Account> {
  hash ??= hashPassword(PASSWORD);
  const { email, name, role = 'member', hasPassword = true } = wanted;
  const passwordHash = hasPassword ? await hash : null;
  const id = newId(now());
  const createdAt = now();
  const account = {
    id,
    email,
    name,
    role,
    locale: null,
    knownLanguage: null,
    passwordHash,
    createdAt,
    approvesFrom: createdAt,
  };
  if (!(await services.accounts.create(account))) throw new Error(`${email} has an account already.`);
  const created = await services.accounts.find(id);
  if (!created) throw new Error(`The account of ${email} was not kept.`);
  return created;
}
