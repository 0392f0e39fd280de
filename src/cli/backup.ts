import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { RestoreOutcome } from '../composition.ts';
import type { MessageKey } from '../words.ts';
import { type Operation, requireTables } from './operation.ts';
import { Refusal } from './refusal.ts';

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
    throw new Refusal(words.t('cli.file-not-made', { file: path, reason: codeOf(error) }));
  }
}

const FAULTS = {
  'not a backup': 'cli.restore-not-a-backup',
  'other version': 'cli.restore-other-version',
  'not empty': 'cli.restore-not-empty',
  incomplete: 'cli.restore-incomplete',
} as const satisfies Record<Extract<RestoreOutcome, { kind: 'refused' }>['fault'], MessageKey>;

/** `restore`: fills an empty database with a backup made by this version, on whichever database. */
export async function restoreBackup(operation: Operation, path: string): Promise<void> {
  await requireTables(operation);
  const { portal, services, words, say, actor } = operation;
  const outcome = await portal.restore(linesOf(path)).catch((error: unknown) => {
    const code = codeOf(error);
    if (code.startsWith('Z_')) throw new Refusal(words.t('cli.restore-not-a-backup', { file: path }));
    if (READING_FAULTS.has(code))
      throw new Refusal(words.t('cli.file-unreadable', { file: path, reason: code }));
    throw error;
  });
  if (outcome.kind === 'refused') throw new Refusal(words.t(FAULTS[outcome.fault], { file: path }));
  const { at, rows } = outcome;
  await services.audit.record('backup.restored', actor.origin, actor.party, actor.party, {
    made: at,
    rows: String(rows),
  });
  say(words.t('cli.restored', { count: rows, at: words.when(Date.parse(at)) }));
}

const READING_FAULTS: ReadonlySet<string> = new Set(['ENOENT', 'EACCES', 'EISDIR', 'EPERM']);

async function* linesOf(path: string): AsyncGenerator<string> {
  const text = createReadStream(path);
  const plain = createGunzip().setEncoding('utf8');
  // What goes wrong in either arrives at whoever reads the end of it.
  const flowing = pipeline(text, plain).catch(() => {});
  let rest = '';
  for await (const chunk of plain) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  await flowing;
  if (rest !== '') yield rest;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
