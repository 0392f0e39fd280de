import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import type { Invitee } from '../accounts/registration.ts';
import { checkPeople, type ImportCheck, type LineFault } from '../files/people-import.ts';
import type { MessageKey } from '../words.ts';
import { type Operation, requireTables } from './operation.ts';
import { progressOn } from './progress.ts';
import { Refusal } from './refusal.ts';

export interface ImportOptions {
  /** Checks everything and changes nothing. */
  readonly dryRun: boolean;
  /** Mails an invitation to everyone without a password who has none that is open. */
  readonly invite: boolean;
  /** Who has an account already was in the part that an earlier run came to. */
  readonly resume: boolean;
  /** Leaves faulty lines out, instead of importing nothing. */
  readonly skipFaulty: boolean;
  readonly json: boolean;
}

/** What became of an import; the names are those of the JSON. */
interface Outcome {
  readonly created: number;
  readonly alreadyThere: number;
  readonly invited: number;
  readonly invitationsWaiting: number;
  readonly invitationsRefused: number;
}

/** `user import`: accounts for everyone in a CSV file. Any fault stops it before anything is written. */
export async function importUsers(operation: Operation, file: string, options: ImportOptions): Promise<void> {
  await requireTables(operation);
  const { services, words, say } = operation;
  const check = await checkPeople(await textOf(operation, file), services, options);
  if (!options.json) for (const fault of check.faults) say(faultInWords(fault, operation));
  const isStopped = check.faults.length > 0 && !options.skipFaulty;
  const outcome = options.dryRun || isStopped ? foreseen(check) : await carryOut(operation, check, options);
  if (options.json) sayJson(operation, check, outcome, options.dryRun || isStopped);
  if (isStopped) throw new Refusal(words.t('cli.import-faulty', { count: check.faults.length }));
  if (!options.json) sayOutcome(operation, outcome, options);
  if (outcome.invitationsRefused > 0)
    throw new Refusal(words.t('cli.import-mails-refused', { count: outcome.invitationsRefused }));
}

/** The file's text; of "-", what is piped in. Anything but UTF-8 would give people wrong names. */
async function textOf({ terminal, words }: Operation, file: string): Promise<string> {
  const bytes = file === '-' ? await buffer(terminal.input) : await contentOf(file, words.t);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Refusal(words.t('cli.not-utf-8', { file }));
  }
}

async function contentOf(file: string, t: Operation['words']['t']): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new Refusal(t('cli.file-unreadable', { file, reason }));
  }
}

const NO_INVITATIONS = { invited: 0, invitationsWaiting: 0, invitationsRefused: 0 };

function foreseen({ newcomers, there }: ImportCheck): Outcome {
  return { created: newcomers.length, alreadyThere: there.length, ...NO_INVITATIONS };
}

async function carryOut(
  operation: Operation,
  { newcomers, there }: ImportCheck,
  { invite }: ImportOptions,
): Promise<Outcome> {
  const { services, actor } = operation;
  const created = await services.peopleImport.create(
    newcomers,
    actor,
    progressOn(operation, 'cli.import-progress', newcomers.length),
  );
  const invitees: readonly Invitee[] = [
    ...there.filter(({ passwordHash, disabledAt }) => passwordHash === null && disabledAt === null),
    ...created.filter(({ passwordHash }) => passwordHash === null),
  ];
  const { sent, waiting, refused } = invite
    ? await services.peopleImport.invite(
        invitees,
        actor,
        progressOn(operation, 'cli.invite-progress', invitees.length),
      )
    : { sent: 0, waiting: 0, refused: 0 };
  return {
    created: created.length,
    alreadyThere: there.length + newcomers.length - created.length,
    invited: sent,
    invitationsWaiting: waiting,
    invitationsRefused: refused,
  };
}

function faultInWords({ line, key, values }: LineFault, { words }: Operation): string {
  return words.t('import.fault-on-line', { line, fault: words.t(key, values) });
}

function sayJson(operation: Operation, { faults }: ImportCheck, outcome: Outcome, isForeseen: boolean): void {
  const { words, say } = operation;
  const named = faults.map(({ line, key, values }) => ({ line, fault: key, text: words.t(key, values) }));
  say(JSON.stringify({ written: !isForeseen, ...outcome, faults: named }));
}

function sayOutcome({ words, say }: Operation, outcome: Outcome, { dryRun, invite }: ImportOptions): void {
  const created: MessageKey = dryRun ? 'cli.import-would-create' : 'cli.import-created';
  say(words.t(created, { count: outcome.created }));
  if (outcome.alreadyThere > 0) say(words.t('cli.import-there', { count: outcome.alreadyThere }));
  if (!invite || dryRun) return;
  say(words.t('cli.import-invited', { count: outcome.invited }));
  if (outcome.invitationsWaiting > 0)
    say(words.t('cli.import-mails-wait', { count: outcome.invitationsWaiting }));
}
