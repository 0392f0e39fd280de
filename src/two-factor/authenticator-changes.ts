import type { Account } from '../accounts/account.ts';
import type { Actor, Audit } from '../audit/audit.ts';
import type { AuditEventName } from '../audit/vocabulary.ts';
import type { Clock } from '../kernel/time.ts';
import { bind, type Transact, type Transaction } from '../kernel/transaction.ts';
import type { Notices } from '../mail/notices.ts';
import type { Authenticator, Authenticators } from './authenticator.ts';

interface ChangeServices {
  readonly authenticators: Authenticators;
  readonly audit: Audit;
  readonly notices: Notices;
  readonly transaction: Transact;
  readonly clock: Clock;
}

/** A person's changes to an existing authenticator. */
export class AuthenticatorChanges {
  readonly #services: ChangeServices;

  constructor(services: ChangeServices) {
    this.#services = services;
  }

  in(tx: Transaction): AuthenticatorChanges {
    return new AuthenticatorChanges(bind(this.#services, tx));
  }

  /** False if another authenticator of the person has this name. */
  async rename(account: Account, authenticator: Authenticator, name: string, actor: Actor): Promise<boolean> {
    const { transaction } = this.#services;
    if (name === authenticator.name) return true;
    return transaction(this.#services, async ({ authenticators, notices }, tx) => {
      if (!(await authenticators.rename(account.id, authenticator.id, name))) return false;
      await this.in(tx).#record('authenticator.renamed', account, authenticator, actor, { to: name });
      await notices.tell(account, 'authenticator renamed', actor, name);
      return true;
    });
  }

  /** Makes this one the preferred authenticator: it is asked for first at sign-in. */
  async prefer(account: Account, authenticator: Authenticator, actor: Actor): Promise<void> {
    const { transaction } = this.#services;
    await transaction(this.#services, async ({ authenticators, clock }, tx) => {
      await authenticators.prefer(account.id, authenticator.id, clock());
      await this.in(tx).#record('authenticator.preferred', account, authenticator, actor);
    });
  }

  /** Removes it; with the last one, also the recovery codes. Does nothing if it no longer exists. */
  async remove(account: Account, authenticator: Authenticator, actor: Actor): Promise<void> {
    const { transaction } = this.#services;
    await transaction(this.#services, async ({ authenticators, notices, clock }, tx) => {
      if (!(await authenticators.remove(account.id, authenticator.id, clock()))) return;
      await this.in(tx).#record('authenticator.removed', account, authenticator, actor);
      await notices.tell(account, 'authenticator removed', actor, authenticator.name);
    });
  }

  async #record(
    event: AuditEventName,
    account: Account,
    { method, name }: Authenticator,
    actor: Actor,
    detail: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const facts = { method, authenticator: name, ...detail };
    await this.#services.audit.record(event, actor, account, facts);
  }
}
