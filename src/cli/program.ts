import { Argument, Command, CommanderError, Option } from 'commander';
import { LONGEST_PERSON_NAME } from '../accounts/account.ts';
import { emailAddress, lineOfText } from '../fields.ts';
import { type Grace, NO_GRACE } from '../two-factor/grace.ts';
import { loadWords, type MessageKey, type Translator } from '../words.ts';
import { showAdoption } from './adoption.ts';
import { graceOption, parsedBy } from './arguments.ts';
import { addDataMoveCommand } from './data-move.ts';
import { addAuditCommands, addBackupCommands, addUserFileCommands } from './file-commands.ts';
import { rotateKeys } from './keys.ts';
import { migrateTables } from './migration.ts';
import { type Operation, withPortal } from './operation.ts';
import { addGroupCommands, addPolicyCommands, addReminderCommand } from './policy-commands.ts';
import { EXIT, type ExitCode, Refusal } from './refusal.ts';
import { carryOutRequests } from './requests.ts';
import { languageOf, oneLine, type Terminal } from './terminal.ts';
import {
  createUser,
  disableUser,
  enableUser,
  enforceTwoFactor,
  liftEnforcement,
  listUsers,
  resetTwoFactor,
} from './users.ts';

/**
 * Runs one command of the operator's.
 *
 * @param args what follows the program's name
 * @returns the exit code: 0 done, 1 not done, 64 not understood, 78 a faulty configuration, 130 interrupted; every code
 *   but 0 comes with one line on standard error (configuration: one for each fault)
 */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const catalogue = loadWords();
  const words = catalogue.for(catalogue.choose(languageOf(terminal.environment), null));
  try {
    await programFor(terminal, words).parseAsync(args, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    // Commander has written its own message already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (error instanceof Refusal) {
      const text = error.exitCode === EXIT.configuration ? error.message : oneLine(error.message);
      terminal.errors.write(`${text}\n`);
      return error.exitCode;
    }
    terminal.errors.write(`${oneLine(words.t('cli.fault', { reason: reasonOf(error) }))}\n`);
    return EXIT.failed;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // What several addresses of one host have in common to say is in the code alone.
  return error.message || ('code' in error ? String(error.code) : error.name);
}

/** Runs `command` with the portal open. */
export type Run = (command: (operation: Operation) => Promise<void>) => Promise<void>;

function programFor(terminal: Terminal, words: Translator): Command {
  const program = new Command('npm run cli --')
    .description(words.t('cli.about'))
    .addOption(new Option('--verbose', words.t('cli.option.verbose')))
    .helpOption('-h, --help', words.t('cli.option.help'))
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.output.write(text),
      writeErr: (text) => terminal.errors.write(text),
      outputError: (text, write) => write(`${oneLine(text)}\n`),
    });
  const run: Run = (command) => {
    const { verbose = false } = program.opts<{ verbose?: boolean }>();
    return withPortal({ terminal, words, verbose }, command);
  };
  const group = (name: string, about: MessageKey) =>
    program.command(name).description(words.t(about)).helpCommand(false);
  const user = group('user', 'cli.about-user').alias('users');
  addUserCommands(user, run, words);
  addUserFileCommands(user, run, words);
  addPolicyCommands(group('policy', 'cli.about-policy'), run, words);
  addGroupCommands(group('group', 'cli.about-group').alias('groups'), run, words);
  addReminderCommand(program, run, words);
  program
    .command('adoption')
    .description(words.t('cli.about-adoption'))
    .option('--json', words.t('cli.option.json'))
    .action(({ json = false }: { json?: boolean }) => run((operation) => showAdoption(operation, { json })));
  addKeyCommands(group('keys', 'cli.about-keys'), run, words);
  group('requests', 'cli.about-requests')
    .command('carry-out')
    .description(words.t('cli.about-requests-carry-out'))
    .action(() => run(carryOutRequests));
  addAuditCommands(group('audit', 'cli.about-audit'), run, words);
  addBackupCommands(program, run, words);
  addDataMoveCommand(program, terminal, words);
  program
    .command('migrate')
    .description(words.t('cli.about-migrate'))
    .action(() => run(migrateTables));
  return program;
}

function addUserCommands(user: Command, run: Run, words: Translator): void {
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
    .action((email: string, given: { name: string; admin?: true; invite?: true }) => {
      const role = given.admin ? 'administrator' : 'member';
      return run((operation) =>
        createUser(operation, { email, name: given.name, role, invite: given.invite ?? false }),
      );
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
    .action((email: string, { grace = NO_GRACE }: { grace?: Grace }) =>
      run((operation) => enforceTwoFactor(operation, email, grace)),
    );
}

function addKeyCommands(keys: Command, run: Run, { t }: Translator): void {
  keys
    .command('rotate')
    .description(t('cli.about-keys-rotate'))
    .option('--keep-secret', t('cli.option.keep-secret'))
    .action(({ keepSecret = false }: { keepSecret?: boolean }) =>
      run((operation) => rotateKeys(operation, { keepSecret })),
    );
}
