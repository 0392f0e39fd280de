import { Command, CommanderError, Option } from 'commander';
import { loadWords, type MessageKey, type Translator, type Words } from '../kernel/i18n.ts';
import { addAppCommands } from './apps.ts';
import { addBackupCommands } from './backup.ts';
import { addAuditCommands, addExportCommand } from './exports.ts';
import { addGroupCommands } from './groups.ts';
import { addMaintenanceCommands } from './maintenance.ts';
import { addMigrateDataCommand } from './migrate-data.ts';
import { CommandError, EXIT, type ExitCode, type Run, withPortal } from './operation.ts';
import { addImportCommand } from './people-import.ts';
import { addAdoptionCommand, addPolicyCommands } from './policy.ts';
import { languageOf, oneLine, type Terminal } from './terminal.ts';
import { addUserCommands } from './users.ts';

/**
 * Runs one command of the operator's.
 *
 * @param args what follows the program's name
 * @returns the exit code: 0 done, 1 not done, 64 not understood, 78 a faulty configuration, 130 interrupted; every code
 *   but 0 comes with one line on standard error (configuration: one for each fault)
 */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const catalogue = loadWords();
  const words = catalogue.for(catalogue.choose(languageOf(terminal.environment), null, 'en'));
  try {
    await programFor(terminal, words, catalogue).parseAsync(args, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    // Commander has written its own message already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (error instanceof CommandError) {
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
  // An AggregateError (several addresses of one host) has no message, only a code.
  return error.message || ('code' in error ? String(error.code) : error.name);
}

function programFor(terminal: Terminal, words: Translator, languages: Words): Command {
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
  addUserCommands(user, run, words, languages);
  addImportCommand(user, run, words);
  addExportCommand(user, run, words);
  addPolicyCommands(group('policy', 'cli.about-policy'), run, words, languages);
  addGroupCommands(group('group', 'cli.about-group').alias('groups'), run, words);
  addAppCommands(group('app', 'cli.about-app').alias('apps'), run, words);
  addAdoptionCommand(program, run, words);
  addAuditCommands(group('audit', 'cli.about-audit'), run, words);
  addBackupCommands(program, run, words);
  addMigrateDataCommand(program, terminal, words);
  addMaintenanceCommands(program, run, words);
  return program;
}
