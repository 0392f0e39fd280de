import { hashing } from '../accounts/hashing-queue.ts';
import type { CheckOutcome } from '../apps/app-sign-ins.ts';
import type { HandOverOutcome } from '../apps/hand-overs.ts';
import type { LogoutOutcome, LogoutStore } from '../apps/logouts.ts';
import type { AuthorizationOutcome, TokenOutcome } from '../apps/oidc-outcomes.ts';
import type { SignedOutcomeName } from '../apps/signed-hand-overs.ts';
import type { AuditEvent } from '../audit/event.ts';
import type { Dependency } from '../kernel/dependencies.ts';
import type { Clock } from '../kernel/time.ts';
import type { MailDispatcher } from '../mail/letter.ts';
import type { MailStore } from '../mail/mail.ts';
import type { MethodId } from '../settings/method-ids.ts';

interface MetricsBase {
  readonly config: { readonly metrics: object | undefined };
  readonly clock: Clock;
}

/** What the portal measures; nothing if metrics are off. They are loaded only if they are on: that takes 50 ms and 20 MB. */
export async function composeMetrics(
  { mails, logouts }: { readonly mails: MailStore; readonly logouts: LogoutStore },
  { config, clock }: MetricsBase,
) {
  const metrics = config.metrics && (await load());
  async function load() {
    const { PortalMetrics } = await import('./portal-metrics.ts');
    return new PortalMetrics({ mails, logouts, hashing, clock });
  }
  return {
    /** Undefined if metrics are off. */
    measures: metrics,
    failed: (part: Dependency) => metrics?.failed(part),
    recorded: (event: AuditEvent) => metrics?.recorded(event),
    /** What the domain calls at what it does not record. */
    counting: {
      proven: (method: MethodId) => metrics?.proven(method),
      checked: (outcome: CheckOutcome) => metrics?.checked(outcome),
      handedOver: (outcome: HandOverOutcome) => metrics?.handedOver(outcome),
      signed: (outcome: SignedOutcomeName) => metrics?.signed(outcome),
      authorized: (outcome: AuthorizationOutcome) => metrics?.authorized(outcome),
      tokensAsked: (outcome: TokenOutcome) => metrics?.tokensAsked(outcome),
      toldOfLogout: (outcome: LogoutOutcome) => metrics?.toldOfLogout(outcome),
      watching: (dispatcher: MailDispatcher) => metrics?.watching(dispatcher) ?? dispatcher,
    },
  };
}
