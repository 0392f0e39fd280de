import type { Logger } from 'pino';
import { requireFolder } from '../kernel/folders.ts';
import type { Words } from '../kernel/i18n.ts';
import type { Keyring } from '../kernel/keyring.ts';
import type { Clock } from '../kernel/time.ts';
import { afterCommit } from '../kernel/transaction.ts';
import type { SettingsStore } from '../settings/settings.ts';
import { MailDelivery } from './delivery.ts';
import { dispatcherOver } from './dispatcher.ts';
import type { MailDispatcher } from './letter.ts';
import { letterWriter } from './letter-writer.ts';
import type { MailStore } from './mail.ts';
import { Notices } from './notices.ts';
import { MailQueue } from './queue.ts';
import { outboxFolder, type TransportAddresses, transportFor } from './transport-choice.ts';

export interface MailConfig extends TransportAddresses {
  /** The public origin; every link begins with it. */
  readonly baseUrl: string;
  /** The sender, unless the settings have another. */
  readonly mailFrom: { readonly name: string; readonly address: string };
}

interface MailBase {
  readonly config: MailConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly words: Words;
  readonly settings: SettingsStore;
  readonly keyring: Keyring;
  /** The dispatcher, with its attempts counted if metrics are on. */
  readonly watching: (dispatcher: MailDispatcher) => MailDispatcher;
}

/** The queue, which joins the transaction of its caller, and the worker that delivers it. */
export async function composeMail(
  stores: { readonly mails: MailStore },
  { config, logger, watching, ...base }: MailBase,
) {
  const { baseUrl, mailFrom } = config;
  const delivery = new MailDelivery({
    ...base,
    store: stores.mails,
    dispatcher: watching(dispatcherOver(await transportFor(config, logger), logger)),
    report: (error) => logger.error({ err: error }, 'mail queue failed'),
  });
  const writer = letterWriter({ ...base, baseUrl, mailFrom });
  const mails = new MailQueue({ ...base, store: stores.mails, writer, delivery, afterCommit });
  return { delivery, mails, notices: new Notices(mails, base.clock) };
}

/**
 * Checks that the outbox folder can be written to, before the first mail.
 *
 * @throws EnvironmentFault if it cannot
 */
export function requireOutbox({ smtpUrl, dataDir }: TransportAddresses): void {
  if (smtpUrl === undefined) requireFolder(outboxFolder({ dataDir }), 'DATA_DIR');
}
