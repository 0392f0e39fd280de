import type { Actor, Audit } from '../audit/audit.ts';
import type { Instant } from '../kernel/time.ts';
import { clientKey } from '../limits/client-address.ts';
import type { ClientBudget } from '../limits/client-budget.ts';
import type { RateLimit, RateLimitRule } from '../limits/rate-limit.ts';

/** Whether an anonymous client may have a mail sent. Neither limit depends on whether the address has an account. */
export type MailPermission =
  | { readonly kind: 'granted' }
  /** The address has reached its limit. */
  | { readonly kind: 'wait'; readonly until: Instant }
  /** The client has reached its limit over all addresses. */
  | { readonly kind: 'client waits'; readonly until: Instant };

/**
 * Counts a mail with a link for the client that asks for it and, by `rule`, for its `mailbox`. If one of the two limits refuses
 * it, it counts for neither.
 */
export async function permitMail(
  { rateLimit, audit }: { readonly rateLimit: RateLimit; readonly audit: Audit },
  budget: ClientBudget,
  mailbox: string,
  rule: RateLimitRule,
  actor: Actor,
): Promise<MailPermission> {
  const ofClient = await budget.consume(actor.origin.address);
  if (ofClient.kind === 'wait') {
    // Recorded for the client, not for the address: a client could fill the audit log with invented addresses.
    const client = { id: null, label: clientKey(actor.origin.address) };
    await audit.record('links.throttled', { ...actor, party: client });
    return { ...ofClient, kind: 'client waits' };
  }
  const permission = await rateLimit.consume(mailbox, rule);
  if (permission.kind === 'granted') return { kind: 'granted' };
  await budget.giveBack(actor.origin.address, 1);
  await audit.record('links.throttled', actor);
  return permission;
}
