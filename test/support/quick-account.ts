import type { Account, Role } from '../../src/accounts/account.ts';
import type { PasswordHasher } from '../../src/accounts/password-hasher.ts';
import { newId } from '../../src/kernel/identifiers.ts';
import type { TestPortal } from './portal.ts';
import { PASSWORD } from './somebody.ts';

export { PASSWORD };

export interface NewAccount {
  readonly email: string;
  readonly name: string;
  readonly role?: Role;
  /** False: an invited person who has not chosen a password yet. */
  readonly hasPassword?: boolean;
}

/** Hash of `PASSWORD`, made once for each hasher: the portals of a process share it. */
const hashes = new WeakMap<PasswordHasher, Promise<string>>();

function hashBy(hasher: PasswordHasher): Promise<string> {
  const hash = hashes.get(hasher) ?? hasher.hash(PASSWORD);
  hashes.set(hasher, hash);
  return hash;
}

/** Creates an account with `PASSWORD`, only in its store: nothing is mailed or recorded. */
export async function quickAccount(
  { services, now, passwordHasher }: Pick<TestPortal, 'services' | 'now' | 'passwordHasher'>,
  wanted: NewAccount,
): Promise<Account> {
  const { email, name, role = 'member', hasPassword = true } = wanted;
  const passwordHash = hasPassword ? await hashBy(passwordHasher) : null;
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
  if (!(await services.accounts.create(account))) throw new Error(`${email} already has an account.`);
  const created = await services.accounts.find(id);
  if (!created) throw new Error(`The account of ${email} was not kept.`);
  return created;
}
