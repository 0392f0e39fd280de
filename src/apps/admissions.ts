import { type Audit, type Origin, party } from '../audit/audit.ts';
import { bind, type Transaction } from '../kernel/transaction.ts';
import { type Access, accessTo, canBeMet, type Visitor } from './access.ts';
import type { App, AppDemand } from './app.ts';

interface AdmissionServices {
  readonly audit: Pick<Audit, 'record'>;
}

/** Decides at the door whether a person may use an app now. */
export class Admissions {
  readonly #services: AdmissionServices;

  constructor(services: AdmissionServices) {
    this.#services = services;
  }

  in(tx: Transaction): Admissions {
    return new Admissions(bind(this.#services, tx));
  }

  /** See `accessTo`; `demand`: the app's own, or a stricter one. A refusal that the person can do nothing about is audited. `origin`: of the browser. */
  async decide(
    { app, demand }: { readonly app: App; readonly demand: AppDemand },
    visitor: Visitor,
    origin: Origin,
  ): Promise<Access> {
    const access = accessTo(demand, visitor);
    if (access.kind !== 'allowed' && !canBeMet(access)) {
      const actor = { party: party(visitor.account), origin };
      await this.#services.audit.record('access.denied', actor, visitor.account, { app: app.name });
    }
    return access;
  }
}
