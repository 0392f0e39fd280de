import { Argument, type Command } from 'commander';
import type { Translator } from '../words.ts';
import { givenRule, groupName, type RuleOptions, withRuleOptions } from './arguments.ts';
import { addToGroup, createGroup, deleteGroup, listGroups, removeFromGroup, setGroup } from './groups.ts';
import { setPolicy, showPolicy } from './policy.ts';
import type { Run } from './program.ts';
import { sendReminders } from './reminders.ts';

/** The site's rule. */
export function addPolicyCommands(policy: Command, run: Run, words: Translator): void {
  const { t } = words;
  policy
    .command('show')
    .description(t('cli.about-policy-show'))
    .option('--json', t('cli.option.json'))
    .action(({ json = false }: { json?: boolean }) => run((operation) => showPolicy(operation, { json })));
  withRuleOptions(policy.command('set').description(t('cli.about-policy-set')), words).action(
    async (options: RuleOptions, command: Command) => {
      const given = givenRule(options);
      if (Object.keys(given).length === 0) command.error(t('cli.nothing-to-set'));
      await run((operation) => setPolicy(operation, given));
    },
  );
}

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

export function addReminderCommand(program: Command, run: Run, { t }: Translator): void {
  program
    .command('remind')
    .description(t('cli.about-remind'))
    .option('--json', t('cli.option.json'))
    .action(({ json = false }: { json?: boolean }) => run((operation) => sendReminders(operation, { json })));
}
