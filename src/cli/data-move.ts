import { existsSync, readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDatabaseUrl } from '../addresses/database-url.ts';
import { Misfit } from '../addresses/misfit.ts';
import { type MoveOutcome, moveBetween, sqlitePath } from '../composition.ts';
import type { MessageKey, Translator } from '../words.ts';
import { progressOn } from './progress.ts';
import { Refusal } from './refusal.ts';
import { oneLine, type Terminal } from './terminal.ts';

/** `migrate-data`: what is in one database goes into another, of whichever kind. */
export function addDataMoveCommand(program: Command, terminal: Terminal, words: Translator): void {
  const { t } = words;
  const url = (flags: string, about: MessageKey) =>
    new Option(flags, t(about)).argParser((text) => databaseUrl(text, words)).makeOptionMandatory();
  program
    .command('migrate-data')
    .description(t('cli.about-migrate-data'))
    .addOption(url('--from <url>', 'cli.option.move-from'))
    .addOption(url('--to <url>', 'cli.option.move-to'))
    .action(({ from, to }: Move) => carriesOver({ from, to }, terminal, words));
}

interface Move {
  readonly from: string;
  readonly to: string;
}

/** A URL, or "@" and the file in which it stands: passwords on a command line are read by everybody on the machine. */
function databaseUrl(text: string, { t }: Translator): string {
  const url = wellFormed(text.startsWith('@') ? textOf(text.slice(1)) : text);
  if (url === undefined) throw new InvalidArgumentError(t('cli.database-url-form'));
  return url;
}

function wellFormed(text: string): string | undefined {
  try {
    return parseDatabaseUrl(text);
  } catch (error) {
    // In English alone, as whatever is said of the configuration.
    if (error instanceof Misfit) throw new InvalidArgumentError(`Expected ${error.message}.`);
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
  'target is old': 'cli.move-other-version',
  'target holds data': 'cli.move-not-empty',
  'target is busy': 'cli.move-busy',
  'source has changed': 'cli.move-changed',
  'counts differ': 'cli.move-counts-differ',
} as const satisfies Record<Extract<MoveOutcome, { kind: 'refused' }>['fault'], MessageKey>;

async function carriesOver({ from, to }: Move, terminal: Terminal, words: Translator): Promise<void> {
  const { t } = words;
  // Opening it would make it.
  const file = sqlitePath(from);
  if (file !== undefined && !existsSync(file)) throw new Refusal(t('cli.move-source-empty'));
  const outcome = await moveBetween({ from, to }, (done, all) =>
    progressOn({ terminal, words }, 'cli.move-progress', all)(done),
  );
  if (outcome.kind === 'refused') throw new Refusal(t(FAULTS[outcome.fault]));
  const say = (line: string) => terminal.output.write(`${oneLine(line)}\n`);
  for (const [table, count] of Object.entries(outcome.counts)) say(`${table} ${count}`);
  say(t('cli.moved'));
}
