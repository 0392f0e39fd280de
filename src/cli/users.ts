import { type Account, accountState, type Role } from '../accounts/account.ts';
import { lengthAskedBy, type PasswordFault, passwordFault } from '../accounts/passwords.ts';
import type { ListedPerson } from '../accounts/people.ts';
import { personRecord } from '../files/people-export.ts';
import type { Grace } from '../two-factor/grace.ts';
import type { MessageKey } from '../words.ts';
import { type Operation, requireTables } from './operation.ts';
import { readNewPassword } from './password.ts';
import { Refusal } from './refusal.ts';
import { writeTable } from './table.ts';

const PASSWORD_FAULTS = {
  'too short': 'new-password.too-short',
  'too long': 'new-password.too-long',
  common: 'new-password.common',
  'own words': 'cli.password-own-words',
} as const satisfies Record<PasswordFault, MessageKey>;

const PAGE_SIZE = 200;

export interface NewUser {
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  /** Mails a link to choose the password, instead of asking for one. */
  readonly invite: boolean;
}

/** `user create` */
export async function createUser(operation: Operation, user: NewUser): Promise<void> {
  await requireTables(operation);
  const { services, words, say } = operation;
  // Before the password is asked for: nobody types one twice to learn that it was for nothing.
  if (await services.accounts.findByEmail(user.email)) throw taken(operation, user.email);
  if (user.invite) return invite(operation, user);
  const password = await readNewPassword(operation.terminal, words);
  const { siteName } = await services.settings.read();
  const fault = passwordFault(password, [user.name, user.email, siteName]);
  if (fault) throw new Refusal(words.t(PASSWORD_FAULTS[fault], { count: lengthAskedBy(fault) }));
  const account = await services.registration.create(user, user.role, password, operation.actor);
  if (!account) throw taken(operation, user.email);
  say(words.t('cli.user-created', { email: account.email }));
}

async function invite({ services, words, say, actor }: Operation, user: NewUser): Promise<void> {
  const delivery = await services.registration.invite(user, user.role, actor);
  if (!delivery) throw new Refusal(words.t('cli.user-exists', { email: user.email }));
  if (delivery === 'refused')
    throw new Refusal(
      words.t('cli.invitation-refused', { email: user.email, link: words.t('sign-in.forgotten') }),
    );
  const word = delivery === 'waiting' ? 'cli.user-invited-waits' : 'cli.user-invited';
  say(words.t(word, { email: user.email }));
}

function taken({ words }: Operation, email: string): Refusal {
  return new Refusal(words.t('cli.user-exists', { email }));
}

/** What stands in the list, in this order. */
export const LIST_COLUMNS = ['email', 'name', 'role', 'state', 'two-factor', 'last-sign-in'] as const;

/** `user list`: everyone, by name. */
export async function listUsers(operation: Operation, { json }: { readonly json: boolean }): Promise<void> {
  await requireTables(operation);
  const people: ListedPerson[] = [];
  for await (const person of everyone(operation)) people.push(person);
  const { words } = operation;
  if (json) return operation.say(JSON.stringify(people.map(personRecord)));
  if (people.length === 0) return operation.say(words.t('cli.no-users'));
  const rows = people.map(({ account, authenticators }) => [
    account.email,
    account.name,
    words.t(`cli.role.${account.role}`),
    words.t(`cli.state.${accountState(account)}`),
    authenticators.map(({ method }) => method).join(', ') || words.t('cli.none'),
    account.lastSignInAt === null ? words.t('cli.never') : words.when(account.lastSignInAt),
  ]);
  writeTable([LIST_COLUMNS.map((column) => words.t(`cli.column.${column}`)), ...rows], operation.say);
}

async function* everyone({ services }: Operation): AsyncIterable<ListedPerson> {
  for (let page = 1; ; page += 1) {
    const { people } = await services.people.search({ search: '', page, pageSize: PAGE_SIZE });
    yield* people;
    if (people.length < PAGE_SIZE) return;
  }
}

/** `user reset-2fa`: removes every authenticator and ends every session; the person is told by mail. */
export async function resetTwoFactor(operation: Operation, email: string): Promise<void> {
  const account = await accountOf(operation, email);
  await operation.services.administration.resetTwoFactor(account, operation.actor);
  operation.say(operation.words.t('cli.two-factor-reset', { email: account.email }));
}

/** `user disable` */
export async function disableUser(operation: Operation, email: string): Promise<void> {
  const account = await accountOf(operation, email);
  const { services, words, say, actor } = operation;
  if (account.disabledAt !== null) return say(words.t('cli.already-disabled', { email: account.email }));
  if ((await services.administration.disable(account, actor)) === 'last administrator') {
    throw new Refusal(words.t('cli.last-administrator', { email: account.email }));
  }
  say(words.t('cli.user-disabled', { email: account.email }));
}

/** `user enable` */
export async function enableUser(operation: Operation, email: string): Promise<void> {
  const account = await accountOf(operation, email);
  const { services, words, say, actor } = operation;
  if (account.disabledAt === null) return say(words.t('cli.already-enabled', { email: account.email }));
  await services.administration.enable(account, actor);
  say(words.t('cli.user-enabled', { email: account.email }));
}

/** `user enforce-2fa`: it is mandatory for this person, whatever applies to others. */
export async function enforceTwoFactor(operation: Operation, email: string, grace: Grace): Promise<void> {
  const account = await accountOf(operation, email);
  const { services, words, say, actor } = operation;
  const isDone = await services.administration.enforceTwoFactor(account, grace, actor);
  say(words.t(isDone ? 'cli.enforced' : 'cli.already-enforced', { email: account.email }));
}

/** `user lift-2fa`: what applies to others applies to this person, too. */
export async function liftEnforcement(operation: Operation, email: string): Promise<void> {
  const account = await accountOf(operation, email);
  const { services, words, say, actor } = operation;
  const isDone = await services.administration.liftEnforcement(account, actor);
  say(words.t(isDone ? 'cli.lifted' : 'cli.not-enforced', { email: account.email }));
}

async function accountOf(operation: Operation, email: string): Promise<Account> {
  await requireTables(operation);
  const account = await operation.services.accounts.findByEmail(email);
  if (!account) throw new Refusal(operation.words.t('cli.no-account', { email }));
  return account;
}
