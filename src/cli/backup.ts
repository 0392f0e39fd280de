import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { Command } from 'commander';
import { codeOf } from '../kernel/environment-fault.ts';
import type { MessageKey, Translator } from '../kernel/i18n.ts';
import type { RestoreOutcome } from '../storage/backup.ts';
import { LineTooLong, linesOf } from './lines.ts';
import { CommandError, type Operation, type Run, requireTables, wordsInSiteZone } from './operation.ts';

export function addBackupCommands(program: Command, run: Run, { t }: Translator): void {
  program
    .command('backup')
    .description(t('cli.about-backup'))
    .argument('<file>', t('cli.argument.backup'))
    .action((file: string) => run((operation) => makeBackup(operation, file)));
  program
    .command('restore')
    .description(t('cli.about-restore'))
    .argument('<file>', t('cli.argument.restore'))
    .action((file: string) => run((operation) => restoreBackup(operation, file)));
}

/** `backup`: everything in the database as gzipped lines of JSON, readable by the operator's own user alone. */
export async function makeBackup(operation: Operation, path: string): Promise<void> {
  await requireTables(operation);
  const { portal, words, say } = operation;
  const file = await openNew(operation, path);
  let lines = 0;
  async function* counted() {
    for await (const line of portal.backUp()) {
      lines += 1;
      yield `${line}\n`;
    }
  }
  try {
    // Flushed: a backup that a power cut takes away is none.
    await pipeline(Readable.from(counted()), createGzip(), file.createWriteStream({ flush: true }));
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  say(words.t('cli.backup-made', { count: lines - 1, file: path }));
  say(words.t('cli.backup-without-secrets'));
}

/** A backup never takes the place of another. */
async function openNew({ words }: Operation, path: string) {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    throw new CommandError(
      words.t('cli.file-not-made', { file: path, reason: codeOf(error) || String(error) }),
    );
  }
}

const FAULTS = {
  'not a backup': 'cli.restore-not-a-backup',
  'other version': 'cli.restore-other-version',
  'not empty': 'cli.restore-not-empty',
  incomplete: 'cli.restore-incomplete',
  busy: 'cli.move-busy',
} as const satisfies Record<Extract<RestoreOutcome, { kind: 'refused' }>['fault'], MessageKey>;

/** `restore`: fills an empty database with a backup made by this version, on whichever database. */
export async function restoreBackup(operation: Operation, path: string): Promise<void> {
  await requireTables(operation);
  const { portal, services, words, say, actor } = operation;
  const outcome = await portal.restore(linesIn(path)).catch((error: unknown) => {
    const code = codeOf(error) || String(error);
    if (code.startsWith('Z_') || error instanceof LineTooLong)
      throw new CommandError(words.t('cli.restore-not-a-backup', { file: path }));
    if (READING_FAULTS.has(code))
      throw new CommandError(words.t('cli.file-unreadable', { file: path, reason: code }));
    throw error;
  });
  if (outcome.kind === 'refused') throw new CommandError(words.t(FAULTS[outcome.fault], { file: path }));
  const { at, counts } = outcome;
  const rows = Object.values(counts).reduce((total, count) => total + count, 0);
  await services.audit.record('backup.restored', actor, actor.party, {
    made: at,
    rows: String(rows),
  });
  // The zone is one of the settings that have just been restored.
  const { when } = await wordsInSiteZone(operation);
  say(words.t('cli.restored', { count: rows, at: when(Date.parse(at)) }));
}

const READING_FAULTS: ReadonlySet<string> = new Set(['ENOENT', 'EACCES', 'EISDIR', 'EPERM']);

/** Far longer than any of our rows: the longest text of a form has 32 KB. */
const LONGEST_LINE = 1_000_000;

async function* linesIn(path: string): AsyncGenerator<string> {
  const text = createReadStream(path);
  const plain = createGunzip();
  // An error of either stream reaches the reader of the last one.
  const flowing = pipeline(text, plain).catch(() => {});
  yield* linesOf(plain, LONGEST_LINE);
  await flowing;
}
