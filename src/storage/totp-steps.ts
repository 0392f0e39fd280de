import type { TotpStepStore } from '../two-factor/methods/app/app-method.ts';
import { SqlStore } from './sql/store.ts';

/** The last accepted time step of each app, beside its authenticator. */
export class KnexTotpStepStore extends SqlStore implements TotpStepStore {
  async consume(authenticatorId: string, step: number): Promise<boolean> {
    const updated = await this.db('authenticators')
      .where({ id: authenticatorId })
      .where('last_step', '<', step)
      .update({ last_step: step });
    return updated === 1;
  }
}
