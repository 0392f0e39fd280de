import { Argument, type Command } from 'commander';
import type { Account } from '../accounts/account.ts';
import type { Translator } from '../kernel/i18n.ts';
import type { Group } from '../policy/group.ts';
import type { GroupInput } from '../policy/groups.ts';
import { NO_GRACE } from '../settings/grace.ts';
import { METHOD_IDS } from '../settings/method-ids.ts';
import {
  type GivenRule,
  givenRule,
  graceWritten,
  groupName,
  type RuleOptions,
  ruleInZone,
  withRuleOptions,
} from './arguments.ts';
import { CommandError, type Operation, type Run, requireTables } from './operation.ts';
import { sayUnoffered } from './policy.ts';
import { writeTable } from './terminal.ts';

/** Groups, their rules, and who is in them. */
export function addGroupCommands(group: Command, run: Run, words: Translator): void {
  const { t } = words;
  const named = (verb: string, about: Parameters<typeof t>[0]) =>
    group
      .command(verb)
      .description(t(about))
      .addArgument(new Argument('<name>', t('cli.argument.group')).argParser(groupName(words)));
  group
    .command('list')
    .description(t('cli.about-group-list'))
    .option('--json', t('cli.option.json'))
    .action(({ json = false }: { json?: boolean }) => run((operation) => listGroups(operation, { json })));
  withRuleOptions(named('create', 'cli.about-group-create'), words).action(
    (name: string, options: RuleOptions) =>
      run((operation) => createGroup(operation, name, givenRule(options))),
  );
  withRuleOptions(named('set', 'cli.about-group-set'), words)
    .option('--name <name>', t('cli.option.group-name'), groupName(words))
    .action(async (name: string, options: RuleOptions & { readonly name?: string }, command: Command) => {
      const given = { ...givenRule(options), ...(options.name !== undefined && { name: options.name }) };
      if (Object.keys(given).length === 0) command.error(t('cli.nothing-to-set'));
      await run((operation) => setGroup(operation, name, given));
    });
  for (const [verb, about, act] of [
    ['add', 'cli.about-group-add', addToGroup],
    ['remove', 'cli.about-group-remove', removeFromGroup],
  ] as const) {
    named(verb, about)
      .argument('<email...>', t('cli.argument.emails'))
      .action((name: string, emails: string[]) => run((operation) => act(operation, name, emails)));
  }
  named('delete', 'cli.about-group-delete').action((name: string) =>
    run((operation) => deleteGroup(operation, name)),
  );
}

/** Columns of the list. */
export const GROUP_COLUMNS = ['group', 'members', 'rule', 'methods', 'grace'] as const;

/** `group list`: all, by name. */
export async function listGroups(operation: Operation, { json }: { readonly json: boolean }): Promise<void> {
  await requireTables(operation);
  const { services, words, say } = operation;
  const groups = await services.groups.all();
  const { timeZone } = await services.settings.read();
  if (json) {
    const records = groups.map(({ name, members, rule, methods, grace }) => ({
      ...{ name, members, twoFactor: rule, methods, grace: graceWritten(grace, timeZone) },
    }));
    return say(JSON.stringify(records));
  }
  if (groups.length === 0) return say(words.t('cli.no-groups'));
  const rows = groups.map(({ name, members, rule, methods, grace }) => [
    name,
    String(members),
    rule,
    methods.join(', ') || words.t('cli.none'),
    graceWritten(grace, timeZone),
  ]);
  writeTable([GROUP_COLUMNS.map((column) => words.t(`cli.column.${column}`)), ...rows], say);
}

/** `group create`: without a rule of its own, unless one is given. */
export async function createGroup(operation: Operation, name: string, given: GivenRule): Promise<void> {
  await requireTables(operation);
  const { services, words, say, actor } = operation;
  const { timeZone } = await services.settings.read();
  const rule = ruleInZone(given, timeZone);
  const decided = { name, rule: 'off', methods: METHOD_IDS, grace: NO_GRACE, ...rule } as const;
  requireMethods(operation, decided);
  if (!(await services.groups.create(decided, actor))) {
    throw new CommandError(words.t('cli.group-exists', { group: name }));
  }
  say(words.t('cli.group-created', { group: name }));
}

/** `group set`: changes what is given, and says how many people then have only methods that are not offered. */
export async function setGroup(
  operation: Operation,
  name: string,
  { name: newName, ...given }: GivenRule & { readonly name?: string },
): Promise<void> {
  const group = await groupOf(operation, name);
  const { services, words, say, actor } = operation;
  const { timeZone } = await services.settings.read();
  const decided: GroupInput = {
    ...group,
    ...ruleInZone(given, timeZone),
    ...(newName !== undefined && { name: newName }),
  };
  requireMethods(operation, decided);
  if ((await services.groups.change(group, decided, actor)) === 'refused') {
    throw new CommandError(words.t('cli.group-exists', { group: decided.name }));
  }
  say(words.t('cli.group-set', { group: decided.name }));
  await sayUnoffered(operation);
}

/** `group add`: all of them, or nobody if one has no account. */
export async function addToGroup(
  operation: Operation,
  name: string,
  emails: readonly string[],
): Promise<void> {
  const group = await groupOf(operation, name);
  const { services, words, say, actor } = operation;
  for (const account of await accountsOf(operation, emails)) {
    const isDone = await services.groups.add(group, account, actor);
    const values = { email: account.email, group: group.name };
    say(words.t(isDone ? 'cli.group-added' : 'cli.group-member-already', values));
  }
}

/** `group remove` */
export async function removeFromGroup(
  operation: Operation,
  name: string,
  emails: readonly string[],
): Promise<void> {
  const group = await groupOf(operation, name);
  const { services, words, say, actor } = operation;
  for (const account of await accountsOf(operation, emails)) {
    const isDone = await services.groups.drop(group, account, actor);
    const values = { email: account.email, group: group.name };
    say(words.t(isDone ? 'cli.group-removed' : 'cli.group-not-a-member', values));
  }
  await sayUnoffered(operation);
}

/** `group delete`: its rule applies to nobody any more. */
export async function deleteGroup(operation: Operation, name: string): Promise<void> {
  const group = await groupOf(operation, name);
  await operation.services.groups.remove(group, operation.actor);
  operation.say(operation.words.t('cli.group-deleted', { group: group.name }));
  await sayUnoffered(operation);
}

async function groupOf(operation: Operation, name: string): Promise<Group> {
  await requireTables(operation);
  const group = await operation.services.groups.findByName(name);
  if (!group) throw new CommandError(operation.words.t('cli.no-group', { group: name }));
  return group;
}

async function accountsOf(
  { services, words }: Operation,
  emails: readonly string[],
): Promise<readonly Account[]> {
  const found = await Promise.all(
    emails.map(async (email) => ({ email, account: await services.accounts.findByEmail(email) })),
  );
  return found.map(({ email, account }) => {
    if (!account) throw new CommandError(words.t('cli.no-account', { email }));
    return account;
  });
}

function requireMethods({ words }: Operation, { rule, methods }: GroupInput): void {
  if (rule !== 'off' && methods.length === 0)
    throw new CommandError(words.t('cli.policy-without-methods', { rule }));
}
