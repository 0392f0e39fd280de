import type { Account } from '../accounts/account.ts';
import type { Group } from '../accounts/group.ts';
import type { DecidedGroup } from '../accounts/groups.ts';
import { NO_GRACE } from '../two-factor/grace.ts';
import { METHOD_IDS } from '../two-factor/method.ts';
import { type GivenRule, graceWritten } from './arguments.ts';
import { type Operation, requireTables } from './operation.ts';
import { sayStranded } from './policy.ts';
import { Refusal } from './refusal.ts';
import { writeTable } from './table.ts';

/** What stands in the list, in this order. */
export const GROUP_COLUMNS = ['group', 'members', 'rule', 'methods', 'grace'] as const;

/** `group list`: all, by name. */
export async function listGroups(operation: Operation, { json }: { readonly json: boolean }): Promise<void> {
  await requireTables(operation);
  const { services, words, say } = operation;
  const groups = await services.groups.all();
  if (json) {
    const records = groups.map(({ name, members, rule, methods, grace }) => ({
      ...{ name, members, twoFactor: rule, methods, grace: graceWritten(grace) },
    }));
    return say(JSON.stringify(records));
  }
  if (groups.length === 0) return say(words.t('cli.no-groups'));
  const rows = groups.map(({ name, members, rule, methods, grace }) => [
    name,
    String(members),
    rule,
    methods.join(', ') || words.t('cli.none'),
    graceWritten(grace),
  ]);
  writeTable([GROUP_COLUMNS.map((column) => words.t(`cli.column.${column}`)), ...rows], say);
}

/** `group create`: without a rule of its own, unless one is given. */
export async function createGroup(operation: Operation, name: string, given: GivenRule): Promise<void> {
  await requireTables(operation);
  const { services, words, say, actor } = operation;
  const decided = { name, rule: 'off', methods: METHOD_IDS, grace: NO_GRACE, ...given } as const;
  requireMethods(operation, decided);
  if (!(await services.groups.create(decided, actor))) {
    throw new Refusal(words.t('cli.group-exists', { group: name }));
  }
  say(words.t('cli.group-created', { group: name }));
}

/** `group set`: changes what is given, and says how many people are without 2FA then. */
export async function setGroup(
  operation: Operation,
  name: string,
  given: GivenRule & { readonly name?: string },
): Promise<void> {
  const group = await groupOf(operation, name);
  const { services, words, say, actor } = operation;
  const decided: DecidedGroup = { ...group, ...given };
  requireMethods(operation, decided);
  if ((await services.groups.change(group, decided, actor)) === 'refused') {
    throw new Refusal(words.t('cli.group-exists', { group: decided.name }));
  }
  say(words.t('cli.group-set', { group: decided.name }));
  await sayStranded(operation);
}

/** `group add`: all of them, or, where one has no account, nobody. */
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
  await sayStranded(operation);
}

/** `group delete`: its rule applies to nobody any more. */
export async function deleteGroup(operation: Operation, name: string): Promise<void> {
  const group = await groupOf(operation, name);
  await operation.services.groups.remove(group, operation.actor);
  operation.say(operation.words.t('cli.group-deleted', { group: group.name }));
  await sayStranded(operation);
}

async function groupOf(operation: Operation, name: string): Promise<Group> {
  await requireTables(operation);
  const group = await operation.services.groups.findByName(name);
  if (!group) throw new Refusal(operation.words.t('cli.no-group', { group: name }));
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
    if (!account) throw new Refusal(words.t('cli.no-account', { email }));
    return account;
  });
}

function requireMethods({ words }: Operation, { rule, methods }: DecidedGroup): void {
  if (rule !== 'off' && methods.length === 0)
    throw new Refusal(words.t('cli.policy-without-methods', { rule }));
}
