import path from 'node:path';
import type { Logger } from 'pino';
import { outboxTransport } from './outbox-transport.ts';
import type { Transport } from './transport.ts';

export interface TransportAddresses {
  readonly smtpUrl: string | undefined;
  /** Its folder `outbox` takes the letters if there is no mail server. */
  readonly dataDir: string;
}

/** The mail server if one is configured, otherwise a folder. Loads nodemailer for the former alone: it is a tenth of the start. */
export async function transportFor(
  { smtpUrl, dataDir }: TransportAddresses,
  logger: Logger,
): Promise<Transport> {
  if (smtpUrl === undefined) return outboxTransport(outboxFolder({ dataDir }), logger);
  const { smtpTransport } = await import('./smtp-transport.ts');
  return smtpTransport(smtpUrl);
}

/** The folder for mail that is not sent. */
export function outboxFolder({ dataDir }: Pick<TransportAddresses, 'dataDir'>): string {
  return path.join(dataDir, 'outbox');
}
