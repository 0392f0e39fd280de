import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import type { AuditFilter } from '../audit/audit.ts';
import { AUDIT_EVENTS, type AuditEventName } from '../audit/vocabulary.ts';
import { exportAudit } from '../files/audit-export.ts';
import { EXPORT_FORMATS, type ExportFormat } from '../files/formats.ts';
import { exportPeople } from '../files/people-export.ts';
import type { Translator } from '../kernel/i18n.ts';
import { days } from '../kernel/time.ts';
import { type CalendarDay, endOfDay, startOfDay } from '../kernel/time-zone.ts';
import { type Operation, type Run, requireTables, wordsInSiteZone } from './operation.ts';

/** `user export` */
export function addExportCommand(user: Command, run: Run, words: Translator): void {
  const { t } = words;
  user
    .command('export')
    .description(t('cli.about-user-export'))
    .addOption(formatOption(words))
    .action(({ format }: { format: ExportFormat }) => run((operation) => exportUsers(operation, format)));
}

interface AuditExportOptions extends GivenFilter {
  readonly format: ExportFormat;
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
    .action(({ format, ...filter }: AuditExportOptions) =>
      run((operation) => exportEvents(operation, filter, format)),
    );
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

function dayIn(text: string, { t }: Translator): CalendarDay {
  if (!z.iso.date().safeParse(text).success) throw new InvalidArgumentError(t('audit-log.date-form'));
  return text;
}

/** "365d". At least a day, or events of a moment ago would go. */
function daysIn(text: string, { t }: Translator): number {
  const [, number] = /^([1-9]\d{0,4})d$/.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError(t('cli.days-form'));
  return Number(number);
}

/** `user export`: all people with their authenticators, without hashes or secrets. */
export async function exportUsers(operation: Operation, format: ExportFormat): Promise<void> {
  await requireTables(operation);
  await writeOut(operation, exportPeople(operation.services.people, format));
}

/** Filter of `audit export`; days are in the site's time zone, the last one included. */
export interface GivenFilter extends Pick<AuditFilter, 'event' | 'person'> {
  readonly from?: CalendarDay;
  readonly to?: CalendarDay;
}

/** `audit export`: matching events, newest first. */
export async function exportEvents(
  operation: Operation,
  { from, to, ...given }: GivenFilter,
  format: ExportFormat,
): Promise<void> {
  await requireTables(operation);
  const { timeZone } = await operation.services.settings.read();
  const filter: AuditFilter = {
    ...given,
    ...(from !== undefined && { from: startOfDay(timeZone, from) }),
    ...(to !== undefined && { to: endOfDay(timeZone, to) }),
  };
  await writeOut(operation, exportAudit(operation.services.audit, filter, format));
}

async function writeOut({ terminal }: Operation, text: AsyncIterable<string>): Promise<void> {
  await pipeline(Readable.from(text), terminal.output, { end: false });
}

/** `audit prune`: removes events older than a number of days; with `dryRun` only counts them. */
export async function pruneAudit(
  operation: Operation,
  { olderThan, dryRun }: { readonly olderThan: number; readonly dryRun: boolean },
): Promise<void> {
  await requireTables(operation);
  const { services, say, actor } = operation;
  const words = await wordsInSiteZone(operation);
  const before = services.clock() - days(olderThan);
  if (dryRun) {
    const count = await services.audit.countBefore(before);
    return say(words.t('cli.audit-would-prune', { count, before: words.when(before) }));
  }
  const removed = await services.audit.prune(before, actor);
  say(words.t('cli.audit-pruned', { count: removed, before: words.when(before) }));
}
