import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { Config } from '../boot/config.ts';
import type { Words } from '../kernel/i18n.ts';
import type { Keyring } from '../kernel/keyring.ts';
import type { Clock } from '../kernel/time.ts';
import { afterCommit } from '../kernel/transaction.ts';
import { MailDelivery } from '../mail/delivery.ts';
import { dispatcherOver } from '../mail/dispatcher.ts';
import { letterWriter } from '../mail/letter-writer.ts';
import { MailQueue } from '../mail/queue.ts';
import { transportFor } from '../mail/transport-choice.ts';
import type { PortalMetrics } from '../metrics/portal-metrics.ts';
import type { SettingsStore } from '../settings/settings.ts';
import { KnexMailStore } from '../storage/mails.ts';

interface MailBase {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly words: Words;
  readonly settings: SettingsStore;
  readonly keyring: Keyring;
  /** Undefined if metrics are off. */
  readonly metrics: PortalMetrics | undefined;
}

/** The queue, which joins the transaction of its caller, and the worker that delivers it. */
export async function composeMail(config: Config, db: Knex, { logger, metrics, ...base }: MailBase) {
  const dispatcher = dispatcherOver(await transportFor(config, logger), logger);
  const store = new KnexMailStore(db);
  const delivery = new MailDelivery({
    ...base,
    store,
    dispatcher: metrics?.watching(dispatcher) ?? dispatcher,
    report: (error) => logger.error({ err: error }, 'mail queue'),
  });
  const writer = letterWriter({ ...base, ...config });
  return {
    delivery,
    mails: new MailQueue({ ...base, store, writer, delivery, afterCommit }),
  };
}
