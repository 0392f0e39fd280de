import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { AUDIT_EVENTS, type AuditEventName } from '../audit/audit.ts';
import { EXPORT_FORMATS, type ExportFormat } from '../files/formats.ts';
import { days, type Instant } from '../time.ts';
import type { Translator } from '../words.ts';
import { makeBackup, restoreBackup } from './backup.ts';
import { exportEvents, exportUsers, pruneAudit } from './exports.ts';
import { type ImportOptions, importUsers } from './people-import.ts';
import type { Run } from './program.ts';

/** The commands that take people in from files, and write them out. */
export function addUserFileCommands(user: Command, run: Run, words: Translator): void {
  const { t } = words;
  user
    .command('import')
    .description(t('cli.about-user-import'))
    .argument('<file>', t('cli.argument.import'))
    .option('--dry-run', t('cli.option.dry-run'))
    .option('--invite', t('cli.option.import-invite'))
    .option('--resume', t('cli.option.resume'))
    .option('--skip-faulty', t('cli.option.skip-faulty'))
    .option('--json', t('cli.option.json'))
    .action((file: string, given: Partial<ImportOptions>) => {
      const { dryRun = false, invite = false, resume = false, skipFaulty = false, json = false } = given;
      return run((operation) => importUsers(operation, file, { dryRun, invite, resume, skipFaulty, json }));
    });
  user
    .command('export')
    .description(t('cli.about-user-export'))
    .addOption(formatOption(words))
    .action(({ format }: { format: ExportFormat }) => run((operation) => exportUsers(operation, format)));
}

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

interface AuditExportOptions {
  readonly format: ExportFormat;
  readonly event?: AuditEventName;
  readonly person?: string;
  readonly from?: Instant;
  readonly to?: Instant;
}

export function addAuditCommands(audit: Command, run: Run, words: Translator): void {
  const { t } = words;
  const day = (text: string) => dayIn(text, words);
  audit
    .command('export')
    .description(t('cli.about-audit-export'))
    .addOption(formatOption(words))
    .addOption(new Option('--event <name>', t('cli.option.event')).argParser((name) => eventIn(name, words)))
    .option('--person <text>', t('cli.option.person'))
    .addOption(new Option('--from <day>', t('cli.option.from')).argParser(day))
    .addOption(new Option('--to <day>', t('cli.option.to')).argParser(day))
    .action(({ format, to, ...filter }: AuditExportOptions) => {
      // The last day counts as a whole.
      const end = to === undefined ? {} : { to: to + days(1) };
      return run((operation) => exportEvents(operation, { ...filter, ...end }, format));
    });
  audit
    .command('prune')
    .description(t('cli.about-audit-prune'))
    .addOption(
      new Option('--older-than <days>', t('cli.option.older-than'))
        .argParser((text) => daysIn(text, words))
        .makeOptionMandatory(),
    )
    .option('--dry-run', t('cli.option.dry-run'))
    .action(({ olderThan, dryRun = false }: { olderThan: number; dryRun?: boolean }) =>
      run((operation) => pruneAudit(operation, { olderThan, dryRun })),
    );
}

function formatOption({ t }: Translator): Option {
  return new Option('--format <format>', t('cli.option.format')).choices(EXPORT_FORMATS).default('csv');
}

function eventIn(name: string, { t }: Translator): AuditEventName {
  const event = AUDIT_EVENTS.find((one) => one === name);
  if (!event) throw new InvalidArgumentError(t('cli.unknown-event', { events: AUDIT_EVENTS.join(', ') }));
  return event;
}

/** The first moment of a day in UTC. */
function dayIn(text: string, { t }: Translator): Instant {
  if (!z.iso.date().safeParse(text).success) throw new InvalidArgumentError(t('audit-log.date-form'));
  return Date.parse(text);
}

/** "365d"; less than a day would take away what has just been written down. */
function daysIn(text: string, { t }: Translator): number {
  const [, number] = /^([1-9]\d{0,4})d$/.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError(t('cli.days-form'));
  return Number(number);
}
