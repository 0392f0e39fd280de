import type { Actor, Audit } from '../audit/audit.ts';
import { NO_VALUE } from '../audit/differences.ts';
import type { Transact } from '../kernel/transaction.ts';
import type { Account } from './account.ts';
import type { Accounts } from './accounts.ts';

interface ProfileChangeServices {
  readonly accounts: Pick<Accounts, 'rename' | 'chooseLocale'>;
  readonly audit: Audit;
  readonly transaction: Transact;
}

/** Changes of the own profile that do not affect sign-in: name and language. */
export class ProfileChanges {
  readonly #services: ProfileChangeServices;

  constructor(services: ProfileChangeServices) {
    this.#services = services;
  }

  async rename({ id, name: from }: Account, to: string, actor: Actor): Promise<void> {
    const { transaction } = this.#services;
    await transaction(this.#services, async ({ accounts, audit }) => {
      await accounts.rename(id, to);
      await audit.record('name.changed', actor, actor.party, { from, to });
    });
  }

  /** `to`: null for the language of the browser. */
  async chooseLocale({ id, locale }: Account, to: string | null, actor: Actor): Promise<void> {
    const { transaction } = this.#services;
    await transaction(this.#services, async ({ accounts, audit }) => {
      await accounts.chooseLocale(id, to);
      await audit.record('language.changed', actor, actor.party, {
        from: locale ?? NO_VALUE,
        to: to ?? NO_VALUE,
      });
    });
  }
}
