import type { Clock } from '../kernel/time.ts';
import type { Transact } from '../kernel/transaction.ts';
import { Audit, type AuditObserver, type AuditStore } from './audit.ts';

interface AuditBase {
  readonly clock: Clock;
  readonly transaction: Transact;
  /** Called with each entry once it is committed. */
  readonly recorded: AuditObserver;
}

export function composeAudit(stores: { readonly audit: AuditStore }, { recorded, ...base }: AuditBase) {
  return { audit: new Audit({ ...base, store: stores.audit, observe: recorded }) };
}
