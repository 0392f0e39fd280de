import { Argument, type Command, Option } from 'commander';
import { type Account, accountState, LONGEST_PERSON_NAME, type Role } from '../accounts/account.ts';
import { lengthAskedBy, type PasswordFault, passwordFault } from '../accounts/passwords.ts';
import type { ListedPerson } from '../administration/people.ts';
import { personRecord } from '../files/people-export.ts';
import { emailAddress, lineOfText } from '../kernel/fields.ts';
import type { Locale, MessageKey, Translator, Words } from '../kernel/i18n.ts';
import { NO_GRACE } from '../settings/grace.ts';
import { type GivenGrace, graceInZone, graceOption, languageIn, parsedBy } from './arguments.ts';
import { CommandError, type Operation, type Run, requireTables, wordsInSiteZone } from './operation.ts';
import { readNewPassword } from './password.ts';
import { writeTable } from './terminal.ts';

interface UserOptions {
  readonly name: string;
  readonly admin?: boolean;
  readonly invite?: boolean;
  readonly language?: Locale;
}

/** `user …`, but for files. */
export function addUserCommands(user: Command, run: Run, words: Translator, languages: Words): void {
  const { t } = words;
  const name = lineOfText('cli.name-missing', LONGEST_PERSON_NAME);
  user
    .command('create')
    .description(t('cli.about-user-create'))
    .addArgument(new Argument('<email>', t('cli.argument.email')).argParser(parsedBy(emailAddress(), words)))
    .addOption(
      new Option('--name <name>', t('cli.option.name'))
        .argParser(parsedBy(name, words))
        .makeOptionMandatory(),
    )
    .option('--admin', t('cli.option.admin'))
    .option('--invite', t('cli.option.invite'))
    .addOption(
      new Option('--language <language>', t('cli.option.language')).argParser((text) =>
        languageIn(text, words, languages),
      ),
    )
    .action((email: string, { admin = false, invite = false, ...given }: UserOptions) => {
      const role = admin ? 'administrator' : 'member';
      return run((operation) => createUser(operation, { email, role, invite, ...given }));
    });
  user
    .command('list')
    .description(t('cli.about-user-list'))
    .option('--json', t('cli.option.json'))
    .action(({ json = false }: { json?: boolean }) => run((operation) => listUsers(operation, { json })));
  for (const [verb, about, act] of [
    ['reset-2fa', 'cli.about-user-reset', resetTwoFactor],
    ['disable', 'cli.about-user-disable', disableUser],
    ['enable', 'cli.about-user-enable', enableUser],
    ['lift-2fa', 'cli.about-user-lift', liftEnforcement],
  ] as const) {
    user
      .command(verb)
      .description(t(about))
      .argument('<email>', t('cli.argument.email'))
      .action((email: string) => run((operation) => act(operation, email)));
  }
  user
    .command('enforce-2fa')
    .description(t('cli.about-user-enforce'))
    .argument('<email>', t('cli.argument.email'))
    .addOption(graceOption(words))
    .action((email: string, { grace = NO_GRACE }: { grace?: GivenGrace }) =>
      run((operation) => enforceTwoFactor(operation, email, grace)),
    );
}

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
  /** Language of mails before their first sign-in. */
  readonly language?: Locale;
  /** Mails a link to choose the password, instead of asking for one. */
  readonly invite: boolean;
}

/** `user create` */
export async function createUser(operation: Operation, user: NewUser): Promise<void> {
  await requireTables(operation);
  const { services, words, say } = operation;
  // Checked before asking for a password that would be typed in vain.
  if (await services.accounts.findByEmail(user.email)) throw taken(operation, user.email);
  if (user.invite) return invite(operation, user);
  const password = await readNewPassword(operation.terminal, words);
  const { siteName } = await services.settings.read();
  const fault = passwordFault(password, [user.name, user.email, siteName]);
  if (fault) throw new CommandError(words.t(PASSWORD_FAULTS[fault], { count: lengthAskedBy(fault) }));
  const account = await services.registration.create(user, user.role, password, operation.actor);
  if (!account) throw taken(operation, user.email);
  say(words.t('cli.user-created', { email: account.email }));
}

async function invite({ services, words, say, actor }: Operation, user: NewUser): Promise<void> {
  const delivery = await services.registration.invite(user, user.role, actor);
  if (!delivery) throw new CommandError(words.t('cli.user-exists', { email: user.email }));
  if (delivery === 'refused')
    throw new CommandError(
      words.t('cli.invitation-refused', { email: user.email, link: words.t('sign-in.forgotten') }),
    );
  const word = delivery === 'waiting' ? 'cli.user-invited-waits' : 'cli.user-invited';
  say(words.t(word, { email: user.email }));
}

function taken({ words }: Operation, email: string): CommandError {
  return new CommandError(words.t('cli.user-exists', { email }));
}

/** Columns of the list. */
export const LIST_COLUMNS = ['email', 'name', 'role', 'state', 'two-factor', 'last-sign-in'] as const;

/** `user list`: everyone, by name. */
export async function listUsers(operation: Operation, { json }: { readonly json: boolean }): Promise<void> {
  await requireTables(operation);
  const people: ListedPerson[] = [];
  for await (const person of everyone(operation)) people.push(person);
  if (json) return operation.say(JSON.stringify(people.map(personRecord)));
  const words = await wordsInSiteZone(operation);
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

/** `user reset-2fa`: removes all authenticators, ends all sessions, and mails the person. */
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
    throw new CommandError(words.t('cli.last-administrator', { email: account.email }));
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

/** `user enforce-2fa`: makes 2FA mandatory for this person. */
export async function enforceTwoFactor(
  operation: Operation,
  email: string,
  given: GivenGrace,
): Promise<void> {
  const account = await accountOf(operation, email);
  const { services, words, say, actor } = operation;
  const { timeZone } = await services.settings.read();
  const grace = graceInZone(given, timeZone);
  const isDone = await services.administration.enforceTwoFactor(account, grace, actor);
  say(words.t(isDone ? 'cli.enforced' : 'cli.already-enforced', { email: account.email }));
}

/** `user lift-2fa`: lifts the rule for this person alone. */
export async function liftEnforcement(operation: Operation, email: string): Promise<void> {
  const account = await accountOf(operation, email);
  const { services, words, say, actor } = operation;
  const isDone = await services.administration.liftEnforcement(account, actor);
  say(words.t(isDone ? 'cli.lifted' : 'cli.not-enforced', { email: account.email }));
}

async function accountOf(operation: Operation, email: string): Promise<Account> {
  await requireTables(operation);
  const account = await operation.services.accounts.findByEmail(email);
  if (!account) throw new CommandError(operation.words.t('cli.no-account', { email }));
  return account;
}
