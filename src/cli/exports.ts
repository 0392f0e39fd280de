import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { AuditFilter } from '../audit/audit.ts';
import { exportAudit } from '../files/audit-export.ts';
import type { ExportFormat } from '../files/formats.ts';
import { exportPeople } from '../files/people-export.ts';
import { days } from '../time.ts';
import { type Operation, requireTables } from './operation.ts';

/** `user export`: everybody with their authenticators, without hashes and secrets. */
export async function exportUsers(operation: Operation, format: ExportFormat): Promise<void> {
  await requireTables(operation);
  await writeOut(operation, exportPeople(operation.services.people, format));
}

/** `audit export`: what fits the filters, newest first. */
export async function exportEvents(
  operation: Operation,
  filter: AuditFilter,
  format: ExportFormat,
): Promise<void> {
  await requireTables(operation);
  await writeOut(operation, exportAudit(operation.services.audit, filter, format));
}

async function writeOut({ terminal }: Operation, text: AsyncIterable<string>): Promise<void> {
  await pipeline(Readable.from(text), terminal.output, { end: false });
}

/** `audit prune`: removes what is older than so many days, or says how much that would be. */
export async function pruneAudit(
  operation: Operation,
  { olderThan, dryRun }: { readonly olderThan: number; readonly dryRun: boolean },
): Promise<void> {
  await requireTables(operation);
  const { services, words, say, actor } = operation;
  const before = services.clock() - days(olderThan);
  if (dryRun) {
    const count = await services.audit.countBefore(before);
    return say(words.t('cli.audit-would-prune', { count, before: words.when(before) }));
  }
  const removed = await services.audit.prune(before, actor);
  say(words.t('cli.audit-pruned', { count: removed, before: words.when(before) }));
}
