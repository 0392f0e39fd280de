import type { Command } from 'commander';
import { addSecret } from '../boot/secrets.ts';
import type { MessageKey, Translator } from '../kernel/i18n.ts';
import { resealAll } from '../two-factor/key-rotation.ts';
import { resealAppKeys } from './app-keys.ts';
import { CommandError, type Operation, type Run, requireTables } from './operation.ts';

/** Commands for timers, upgrades and the rotation of keys. */
export function addMaintenanceCommands(program: Command, run: Run, { t }: Translator): void {
  const group = (name: string, about: MessageKey) =>
    program.command(name).description(t(about)).helpCommand(false);
  program
    .command('remind')
    .description(t('cli.about-remind'))
    .option('--json', t('cli.option.json'))
    .action(({ json = false }: { json?: boolean }) => run((operation) => sendReminders(operation, { json })));
  group('requests', 'cli.about-requests')
    .command('carry-out')
    .description(t('cli.about-requests-carry-out'))
    .action(() => run(carryOutRequests));
  group('keys', 'cli.about-keys')
    .command('rotate')
    .description(t('cli.about-keys-rotate'))
    .option('--keep-secret', t('cli.option.keep-secret'))
    .action(({ keepSecret = false }: { keepSecret?: boolean }) =>
      run((operation) => rotateKeys(operation, { keepSecret })),
    );
  program
    .command('migrate')
    .description(t('cli.about-migrate'))
    .action(() => run(migrateTables));
}

/** `remind`: mails people whose grace period ends. For a timer; safe to run several times at once. */
export async function sendReminders(
  operation: Operation,
  { json }: { readonly json: boolean },
): Promise<void> {
  await requireTables(operation);
  const { services, words, say, actor } = operation;
  const { sent, refused } = await services.reminders.send(actor);
  say(json ? JSON.stringify({ sent, refused }) : words.t('cli.reminded', { count: sent }));
  if (refused > 0) throw new CommandError(words.t('cli.reminders-refused', { count: refused }));
}

/** `requests carry-out`: does the resets whose waiting period is over. For a timer; safe to run several times at once. */
export async function carryOutRequests(operation: Operation): Promise<void> {
  await requireTables(operation);
  const { services, words, say, actor } = operation;
  const count = await services.resetRequests.carryOutDue(actor);
  say(words.t('cli.requests-carried-out', { count }));
}

/**
 * `keys rotate`: adds a secret (if the portal manages its own, unless `keepSecret`) and re-encrypts all sealed data under the
 * newest one. Earlier secrets stay: what they signed is still accepted.
 */
export async function rotateKeys(
  operation: Operation,
  { keepSecret }: { readonly keepSecret: boolean },
): Promise<void> {
  await requireTables(operation);
  const { config, services, words, say, actor } = operation;
  const added = !keepSecret && addSecret(config);
  services.keyring.reload();
  const { resealed, unchanged, lost } = await resealAll(services);
  const mails = await services.mails.reseal();
  await services.audit.record('keys.rotated', actor, actor.party, {
    secret: added ? 'added' : 'kept',
    resealed: String(resealed),
    unchanged: String(unchanged),
    lost: String(lost),
    mails: String(mails),
  });
  if (added) say(words.t('cli.secret-added'));
  say(words.t('cli.resealed', { count: resealed }));
  say(words.t('cli.resealed-already', { count: unchanged }));
  if (mails > 0) say(words.t('cli.mails-resealed', { count: mails }));
  if (!added && !keepSecret && resealed === 0)
    say(words.t('cli.secret-yours', { variable: variableOf(operation) }));
  const keys = await resealAppKeys(operation);
  if (keys.lost > 0) throw new CommandError(words.t('cli.app-keys-lost', { number: keys.lost }));
  if (lost > 0) throw new CommandError(words.t('cli.resealed-lost', { count: lost }));
}

function variableOf({ config }: Operation): string {
  return config.secrets.kind === 'file' ? 'APP_SECRET_FILE' : 'APP_SECRET';
}

/** `migrate`: migrates the tables. */
export async function migrateTables({ portal, words, say }: Operation): Promise<void> {
  const pending = await portal.pendingMigrations();
  await portal.migrate();
  for (const name of pending) say(name);
  say(words.t('cli.migrated', { count: pending.length }));
}
