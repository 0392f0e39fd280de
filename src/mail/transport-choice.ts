import path from 'node:path';
import type { Logger } from 'pino';
import { outboxTransport } from './outbox-transport.ts';
import type { Transport } from './transport.ts';

interface Addresses {
  readonly smtpUrl: string | undefined;
  /** Whose folder `outbox` takes the letters where there is no mail server. */
  readonly dataDir: string;
}

/** To the mail server, where one is named; else into a folder. A tenth of the start is loaded for the mail server alone. */
export async function transportFor({ smtpUrl, dataDir }: Addresses, logger: Logger): Promise<Transport> {
  if (smtpUrl === undefined) return outboxTransport(path.join(dataDir, 'outbox'), logger);
  const { smtpTransport } = await import('./smtp-transport.ts');
  return smtpTransport(smtpUrl);
}
