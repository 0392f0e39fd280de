import type { Accounts } from '../accounts/accounts.ts';
import { type Actor, type Audit, type AuditSubject, party } from '../audit/audit.ts';
import { type Clock, hours, type Instant, minutes, seconds } from '../kernel/time.ts';
import { bind, type Transact, type Transaction } from '../kernel/transaction.ts';
import type { AppStore } from './apps.ts';
import type { LogoutAnswer, PostLogout } from './logout-post.ts';
import {
  canBeTold,
  LOGOUT_LIFETIME,
  type Logout,
  type LogoutOutcome,
  type LogoutStore,
  type LogoutTokens,
  type TellableApp,
} from './logouts.ts';

/** How long a claimed logout is one worker's, in milliseconds: longer than a try. */
const CLAIM = seconds(30);

/** Pauses after the first try, the second, …; the last of them repeats. */
const PAUSES = [seconds(5), seconds(30), minutes(2), minutes(10), minutes(30)];
const LAST_PAUSE = hours(1);

/** Tries in parallel for one app. */
const LANES = 3;
const BATCH = 30;

export interface LogoutDeliveryServices {
  readonly store: LogoutStore;
  readonly apps: Pick<AppStore, 'find'>;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly tokens: LogoutTokens;
  readonly post: PostLogout;
  readonly audit: Pick<Audit, 'record'>;
  readonly transaction: Transact;
  readonly clock: Clock;
  /** Called with errors that are not the app's. */
  readonly report: (error: unknown) => void;
  /** Called with the outcome of each try. */
  readonly tried: (outcome: LogoutOutcome) => void;
}

/**
 * Tells apps what is due. Any number of instances share the work: each tells what it has claimed. An app is told twice only if a
 * process dies between the app's answer and our record of it, which does no harm. Apps do not wait for each other.
 */
export class LogoutDelivery {
  readonly #services: LogoutDeliveryServices;
  /** What is under way, by the app. */
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #stopped = new AbortController();

  constructor(services: LogoutDeliveryServices) {
    this.#services = services;
  }

  in(tx: Transaction): LogoutDelivery {
    return new LogoutDelivery(bind(this.#services, tx));
  }

  /** Begins to tell every app for which something is due. Resolves before it is done. */
  async begin(): Promise<void> {
    const { store, clock } = this.#services;
    for (const appId of await store.appsDue(clock())) {
      if (this.#underWay.has(appId) || this.#isStopped) continue;
      const work = this.#tell(appId)
        .catch(this.#services.report)
        .finally(() => this.#underWay.delete(appId));
      this.#underWay.set(appId, work);
    }
  }

  /** Resolves when no try is under way. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay.values());
  }

  /** Aborts what is under way, and begins no more. It is tried again after its claim. */
  abort(): void {
    this.#stopped.abort();
  }

  get #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  /** Tells an app all that is due, until there is nothing more or it does not answer. */
  async #tell(appId: string): Promise<void> {
    const { store, clock } = this.#services;
    for (;;) {
      const ids = [...(await store.due(appId, clock(), BATCH))];
      if (ids.length === 0) return;
      let isAway = false;
      const lane = async () => {
        for (let id = ids.shift(); id !== undefined && !isAway; id = ids.shift()) {
          if (this.#isStopped) return;
          isAway = (await this.#try(id)) === 'away' || isAway;
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
      if (isAway || this.#isStopped) return;
    }
  }

  /** Tries one, if nobody else does. Resolves to the app's answer, if it was asked. */
  async #try(id: string): Promise<LogoutAnswer['kind'] | undefined> {
    const { store, apps, clock } = this.#services;
    const now = clock();
    const logout = await store.claim(id, now, now + CLAIM);
    if (!logout) return undefined;
    const app = await apps.find(logout.appId);
    if (!app || !canBeTold(app)) await store.drop(logout.id);
    else if (endOf(logout) <= now) await this.#giveUp(logout, 'given up', logout.fault ?? NEVER_TRIED);
    else return this.#ask(app, logout);
    return undefined;
  }

  async #ask(app: TellableApp, logout: Logout): Promise<LogoutAnswer['kind'] | undefined> {
    const { tokens, post, store, clock, tried } = this.#services;
    const token = await tokens.sign(app, { sub: logout.accountId, sid: logout.id });
    const answer = await post(app.client.backchannelLogoutUri, token, this.#stopped.signal);
    if (answer.kind === 'told') {
      await store.settle(logout, { state: 'told', at: clock(), fault: null });
      tried('told');
    } else if (answer.kind === 'refused') await this.#giveUp(logout, 'refused', answer.fault);
    // Aborted by a shutdown, it is no fault of the app, and is tried again after the claim.
    else if (!this.#isStopped) await this.#postpone(logout, answer);
    return answer.kind;
  }

  async #postpone(logout: Logout, { kind, fault }: Unanswered): Promise<void> {
    const { store, clock, tried } = this.#services;
    const now = clock();
    const dueAt = now + (PAUSES[logout.tries - 1] ?? LAST_PAUSE);
    if (dueAt >= endOf(logout)) return this.#giveUp(logout, 'given up', fault);
    await store.postpone(logout, dueAt, fault);
    // One try is enough for all that waits for an app that does not answer.
    if (kind === 'away') await store.rest(logout.appId, now, dueAt);
    tried('failed');
  }

  async #giveUp(logout: Logout, outcome: LogoutOutcome, fault: string): Promise<void> {
    const { transaction, tried } = this.#services;
    await transaction(this.#services, async ({ store, apps, accounts, audit, clock }) => {
      if (!(await store.settle(logout, { state: 'failed', at: clock(), fault }))) return;
      const account = await accounts.find(logout.accountId);
      const subject: AuditSubject = account ? party(account) : { id: logout.accountId, label: '' };
      const app = (await apps.find(logout.appId))?.name ?? '';
      await audit.record('app.logout-failed', PORTAL, subject, { app, fault });
    });
    tried(outcome);
  }
}

type Unanswered = Extract<LogoutAnswer, { readonly fault: string }>;

/** No instance ran until it was too late. */
const NEVER_TRIED = 'not tried';

/** Nobody does it: it happens by itself. */
const PORTAL: Actor = {
  party: { id: null, label: 'Postern' },
  origin: { requestId: '', address: '', browser: '' },
};

function endOf({ overAt }: Logout): Instant {
  return (overAt ?? 0) + LOGOUT_LIFETIME;
}
