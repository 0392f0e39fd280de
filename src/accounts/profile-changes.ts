import type { Atomically } from '../atomically.ts';
import type { Actor, Audit } from '../audit/audit.ts';
import type { Account } from './account.ts';
import type { Accounts } from './accounts.ts';

interface ProfileChangeServices {
  readonly accounts: Pick<Accounts, 'rename' | 'chooseLocale'>;
  readonly audit: Audit;
  readonly atomically: Atomically;
}

/** What people change about themselves that changes nobody's way in. */
export class ProfileChanges {
  readonly #services: ProfileChangeServices;

  constructor(services: ProfileChangeServices) {
    this.#services = services;
  }

  async rename({ id, name: from }: Account, to: string, { party, origin }: Actor): Promise<void> {
    const { accounts, audit, atomically } = this.#services;
    await atomically(async () => {
      await accounts.rename(id, to);
      await audit.record('name.changed', origin, party, party, { from, to });
    });
  }

  /** `to` is null for what the browser says. */
  async chooseLocale({ id, locale }: Account, to: string | null, { party, origin }: Actor): Promise<void> {
    const { accounts, audit, atomically } = this.#services;
    await atomically(async () => {
      await accounts.chooseLocale(id, to);
      await audit.record('language.changed', origin, party, party, { from: locale ?? '–', to: to ?? '–' });
    });
  }
}
