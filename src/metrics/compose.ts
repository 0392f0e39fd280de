import { hashing } from '../accounts/hashing-queue.ts';
import type { Clock } from '../kernel/time.ts';
import type { MailStore } from '../mail/mail.ts';

/** The portal's metrics; undefined if they are off. Loaded only if they are on: that takes 50 ms and 20 MB. */
export async function composeMetrics(
  stores: { readonly mails: MailStore },
  { config, clock }: { readonly config: { readonly metrics: object | undefined }; readonly clock: Clock },
) {
  if (!config.metrics) return undefined;
  const { PortalMetrics } = await import('./portal-metrics.ts');
  return new PortalMetrics({ mails: stores.mails, hashing, clock });
}
