import type { Clock } from '../kernel/time.ts';
import { bind, type Transaction } from '../kernel/transaction.ts';
import type { App } from './app.ts';
import type { AppSignInStore } from './app-sign-ins.ts';
import type { AppStore } from './apps.ts';
import { canBeTold, type LogoutState, type LogoutStore } from './logouts.ts';

/** An app that a sign-in has opened, and the id of the sign-in to it. */
export interface OpenedApp {
  readonly appId: string;
  readonly id: string;
}

/** What becomes of apps when the sign-in that opened them ends. Each list is ordered by name. */
export interface Departure {
  /** It refuses from the next request on, or has confirmed that it was told. */
  readonly ended: readonly App[];
  /** It is being told, or will be. */
  readonly told: readonly App[];
  /** It cannot be told: the person has to sign out there. */
  readonly untold: readonly App[];
}

interface DepartureServices {
  readonly appSignIns: Pick<AppSignInStore, 'openedBy'>;
  readonly apps: Pick<AppStore, 'all'>;
  readonly logouts: Pick<LogoutStore, 'statesOf'>;
  readonly clock: Clock;
}

/** Which apps a sign-in leaves when it ends, and which of them can be told. */
export class Departures {
  readonly #services: DepartureServices;

  constructor(services: DepartureServices) {
    this.#services = services;
  }

  in(tx: Transaction): Departures {
    return new Departures(bind(this.#services, tx));
  }

  /** The apps that the sign-in has opened. They can still be asked about (`of`) once it has ended. */
  async openedBy(signInId: string): Promise<readonly OpenedApp[]> {
    return this.#services.appSignIns.openedBy(signInId, this.#services.clock());
  }

  /** What becomes of these apps, or has become of them by now. Apps that are gone are left out. */
  async of(opened: readonly OpenedApp[]): Promise<Departure> {
    if (opened.length === 0) return { ended: [], told: [], untold: [] };
    const states = await this.#services.logouts.statesOf(opened.map(({ id }) => id));
    const byFate = Map.groupBy(
      (await this.#services.apps.all()).filter(({ id }) => opened.some(({ appId }) => appId === id)),
      (app) => fateOf(app, states.get(opened.find(({ appId }) => appId === app.id)?.id ?? '')),
    );
    const of = (fate: keyof Departure) => byFate.get(fate) ?? [];
    return { ended: of('ended'), told: of('told'), untold: of('untold') };
  }
}

function fateOf(app: App, state: LogoutState | undefined): keyof Departure {
  if (app.kind === 'host' || state === 'told') return 'ended';
  return canBeTold(app) && (state === 'open' || state === 'due') ? 'told' : 'untold';
}
