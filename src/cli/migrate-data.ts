import { existsSync, readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';

import { EnvironmentFault } from '../kernel/environment-fault.ts';
import type { MessageKey, Translator } from '../kernel/i18n.ts';
import { InvalidValue } from '../kernel/invalid-value.ts';
import { type CopyFault, copyDatabase } from '../storage/database-copy.ts';
import { sqlitePath } from '../storage/sql/database.ts';
import { parseDatabaseUrl } from '../storage/sql/database-url.ts';
import { CommandError, commandErrorOf, EXIT } from './operation.ts';
import { oneLine, progressOn, type Terminal } from './terminal.ts';

/** `migrate-data`: what is in one database goes into another, of whichever kind. */
export function addMigrateDataCommand(program: Command, terminal: Terminal, words: Translator): void {
  const { t } = words;
  const url = (flags: string, about: MessageKey) =>
    new Option(flags, t(about)).argParser((text) => databaseUrl(text, words)).makeOptionMandatory();
  program
    .command('migrate-data')
    .description(t('cli.about-migrate-data'))
    .addOption(url('--from <url>', 'cli.option.move-from'))
    .addOption(url('--to <url>', 'cli.option.move-to'))
    .action(({ from, to }: Move) => copies({ from, to }, terminal, words));
}

interface Move {
  readonly from: string;
  readonly to: string;
}

/**
 * A URL, or "@" and the file that contains it: everybody on the machine can read passwords on a command line. A refused value
 * is not repeated, as Commander would do.
 */
function databaseUrl(text: string, { t }: Translator): string {
  const url = wellFormed(text.startsWith('@') ? textOf(text.slice(1)) : text);
  if (url === undefined) throw new CommandError(t('cli.database-url-form'), EXIT.usage);
  return url;
}

function wellFormed(text: string): string | undefined {
  try {
    return parseDatabaseUrl(text);
  } catch (error) {
    // In English only, like all messages about the configuration.
    if (error instanceof InvalidValue) throw new CommandError(`Expected ${error.message}.`, EXIT.usage);
    throw error;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

const FAULTS = {
  'source is new': 'cli.move-source-empty',
  'source is old': 'cli.move-other-version',
  'other version': 'cli.move-other-version',
  'not empty': 'cli.move-not-empty',
  busy: 'cli.move-busy',
  'source has changed': 'cli.move-changed',
  incomplete: 'cli.move-counts-differ',
} as const satisfies Record<CopyFault, MessageKey>;

async function copies({ from, to }: Move, terminal: Terminal, words: Translator): Promise<void> {
  const { t } = words;
  // Opening it would make it.
  const file = sqlitePath(from);
  if (file !== undefined && !existsSync(file)) throw new CommandError(t('cli.move-source-empty'));
  const outcome = await copyDatabase({ from, to, at: terminal.clock() }, (done, all) =>
    progressOn({ terminal, words }, 'cli.move-progress', all)(done),
  ).catch((error: unknown) => {
    throw error instanceof EnvironmentFault ? commandErrorOf(error) : error;
  });
  if (outcome.kind === 'refused') throw new CommandError(t(FAULTS[outcome.fault]));
  const say = (line: string) => terminal.output.write(`${oneLine(line)}\n`);
  for (const [table, count] of Object.entries(outcome.counts)) say(`${table} ${count}`);
  say(t('cli.moved'));
}
