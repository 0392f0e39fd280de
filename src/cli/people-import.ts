import type { Command } from 'commander';
import type { Invitee } from '../accounts/registration.ts';
import { checkPeople, faultyLines, type ImportCheck, type LineFault } from '../files/people-import.ts';
import { leftOutInWords, linesInWords } from '../files/people-import-words.ts';
import type { MessageKey, Translator } from '../kernel/i18n.ts';
import { contentOf } from './input-file.ts';
import { CommandError, type Operation, type Run, requireTables } from './operation.ts';
import { progressOn } from './terminal.ts';

/** `user import` */
export function addImportCommand(user: Command, run: Run, words: Translator): void {
  const { t } = words;
  user
    .command('import')
    .description(t('cli.about-user-import'))
    .argument('<file>', t('cli.argument.import'))
    .option('--dry-run', t('cli.option.dry-run'))
    .option('--invite', t('cli.option.import-invite'))
    .option('--resume', t('cli.option.resume'))
    .option('--skip-faulty', t('cli.option.skip-faulty'))
    .option('--leave-out-columns', t('cli.option.leave-out-columns'))
    .option('--json', t('cli.option.json'))
    .action((file: string, given: Partial<ImportOptions> & { readonly leaveOutColumns?: boolean }) => {
      const { dryRun = false, invite = false, resume = false, skipFaulty = false, json = false } = given;
      const { leaveOutColumns: leaveOut = false } = given;
      const options = { dryRun, invite, resume, skipFaulty, leaveOut, json };
      return run((operation) => importUsers(operation, file, options));
    });
}

export interface ImportOptions {
  /** Only checks. */
  readonly dryRun: boolean;
  /** Mails an invitation to each person without a password who has no open one. */
  readonly invite: boolean;
  /** People who have an account were imported by an earlier run that broke off. */
  readonly resume: boolean;
  /** Skips faulty lines, instead of importing nothing. */
  readonly skipFaulty: boolean;
  /** Skips unknown columns, instead of importing nothing. */
  readonly leaveOut: boolean;
  readonly json: boolean;
}

/** Result of an import, by the names of the JSON output. */
interface Outcome {
  readonly created: number;
  readonly alreadyThere: number;
  readonly invited: number;
  readonly invitationsWaiting: number;
  readonly invitationsRefused: number;
}

/** `user import`: creates accounts from a CSV file. Any error stops it before anything is written. */
export async function importUsers(operation: Operation, file: string, options: ImportOptions): Promise<void> {
  await requireTables(operation);
  const { services, words, say } = operation;
  const check = await checkPeople(await textOf(operation, file), services, options);
  const leftOut = leftOutInWords(check, words);
  if (!options.json && leftOut) say(leftOut);
  if (!options.json) for (const fault of check.faults) say(faultInWords(fault, operation));
  const isStopped = check.isUnreadable || (check.faults.length > 0 && !options.skipFaulty);
  const outcome = options.dryRun || isStopped ? foreseen(check) : await carryOut(operation, check, options);
  if (options.json) sayJson(operation, check, outcome, options.dryRun || isStopped);
  if (isStopped && check.isUnreadable) throw new CommandError(words.t('cli.import-unreadable'));
  if (isStopped) throw new CommandError(words.t('cli.import-faulty', { count: faultyLines(check) }));
  if (!options.json) sayOutcome(operation, outcome, options);
  if (outcome.invitationsRefused > 0)
    throw new CommandError(words.t('cli.import-mails-refused', { count: outcome.invitationsRefused }));
}

/** The file's text, or standard input for "-". Must be UTF-8, or names would be garbled. */
async function textOf(operation: Operation, file: string): Promise<string> {
  const bytes = await contentOf(operation, file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new CommandError(operation.words.t('cli.not-utf-8', { file }));
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

function faultInWords(fault: LineFault, { words }: Operation): string {
  const { key, values } = fault;
  return words.t('import.fault-on-line', { lines: linesInWords(fault, words), fault: words.t(key, values) });
}

function sayJson(
  operation: Operation,
  { faults, leftOut }: ImportCheck,
  outcome: Outcome,
  isForeseen: boolean,
): void {
  const { words, say } = operation;
  const named = faults.flatMap(({ lines, key, values }) =>
    lines.map((line) => ({ line, fault: key, text: words.t(key, values) })),
  );
  say(JSON.stringify({ written: !isForeseen, ...outcome, leftOut, faults: named }));
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
