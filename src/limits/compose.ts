import type { Clock } from '../kernel/time.ts';
import { type BudgetStore, type ClientLimits, clientBudgets } from './client-budget.ts';
import { type BackoffStore, FailureBackoff } from './failure-backoff.ts';
import { RateLimit, type RateLimitStore } from './rate-limit.ts';

interface LimitStores {
  readonly backoff: BackoffStore;
  readonly rateLimits: RateLimitStore;
  readonly budgets: BudgetStore;
}

interface LimitBase {
  readonly config: { readonly clientLimits: ClientLimits };
  readonly clock: Clock;
}

export function composeLimits(stores: LimitStores, { config, clock }: LimitBase) {
  return {
    throttle: new FailureBackoff(stores.backoff, clock),
    rateLimit: new RateLimit(stores.rateLimits, clock),
    clients: clientBudgets(stores.budgets, clock, config.clientLimits),
  };
}
