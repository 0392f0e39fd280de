import type { Account } from '../accounts/account.ts';
import type { Atomically } from '../atomically.ts';
import { type Actor, type Audit, type AuditEventName, party } from '../audit/audit.ts';
import type { Notices } from '../post/notices.ts';
import type { Clock } from '../time.ts';
import type { Authenticator, Authenticators } from './authenticator.ts';

interface ChangeServices {
  readonly authenticators: Authenticators;
  readonly audit: Audit;
  readonly notices: Notices;
  readonly atomically: Atomically;
  readonly clock: Clock;
}

/** What a person changes about an authenticator that exists. */
export class AuthenticatorChanges {
  readonly #services: ChangeServices;

  constructor(services: ChangeServices) {
    this.#services = services;
  }

  /** False when another authenticator of the person has this name. */
  async rename(account: Account, authenticator: Authenticator, name: string, actor: Actor): Promise<boolean> {
    const { authenticators, notices, atomically } = this.#services;
    if (name === authenticator.name) return true;
    return atomically(async () => {
      if (!(await authenticators.rename(account.id, authenticator.id, name))) return false;
      await this.#record('authenticator.renamed', account, authenticator, actor, { to: name });
      await notices.tell(account, 'authenticator renamed', actor, name);
      return true;
    });
  }

  /** From now on this one is asked for first at sign-in. */
  async prefer(account: Account, authenticator: Authenticator, actor: Actor): Promise<void> {
    const { authenticators, atomically, clock } = this.#services;
    await atomically(async () => {
      await authenticators.prefer(account.id, authenticator.id, clock());
      await this.#record('authenticator.preferred', account, authenticator, actor);
    });
  }

  /** With the last one the recovery codes go. Does nothing when it is gone already. */
  async remove(account: Account, authenticator: Authenticator, actor: Actor): Promise<void> {
    const { authenticators, notices, atomically, clock } = this.#services;
    await atomically(async () => {
      if (!(await authenticators.remove(account.id, authenticator.id, clock()))) return;
      await this.#record('authenticator.removed', account, authenticator, actor);
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
    await this.#services.audit.record(event, actor.origin, actor.party, party(account), facts);
  }
}
