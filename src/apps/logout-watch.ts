import type { AuditEvent } from '../audit/event.ts';
import type { AuditEventName } from '../audit/vocabulary.ts';
import { type Clock, minutes, seconds } from '../kernel/time.ts';
import { withTimeout } from '../kernel/with-timeout.ts';
import type { Policies } from '../policy/policies.ts';
import type { AuthSnapshots } from '../policy/snapshot.ts';
import { policyIfValid } from '../sign-in/auth-state.ts';
import type { LogoutDelivery } from './logout-delivery.ts';
import type { LogoutStore, OpenLogouts, TrustedLogout } from './logouts.ts';

/** Time between two looks: other instances, the command line and the clock end sign-ins, too. Milliseconds. */
const LONGEST_REST = seconds(15);
const SHORTEST_REST = seconds(1);

/** Sign-ins that are found to be over by one statement. */
const BATCH = 500;

/**
 * Open sign-ins that one look goes through; the next look goes on behind them. SQLite answers in this process, which does nothing
 * else for as long.
 */
const WINDOW = 2000;

/** A sign-in that rests on a trusted browser is looked at this often, and so many of them at each look. */
const TRUST_EVERY = minutes(1);
const TRUST_BATCH = 50;

/**
 * Events after which a sign-in of their subject may be over, so that it is looked for at once. One that is missing here costs
 * seconds, and no more: every look asks for all that is over, whatever the reason.
 */
const ENDINGS: ReadonlySet<AuditEventName> = new Set<AuditEventName>([
  ...(['sign-out', 'session.ended', 'account.sessions-ended', 'account.disabled'] as const),
  ...(['password.changed', 'password.reset', 'email.changed', 'account.role-changed'] as const),
  ...(['two-factor.reset', 'reset-request.carried-out'] as const),
  ...(['authenticator.created', 'authenticator.removed', 'authenticator.replaced'] as const),
  ...(['trusted-browser.removed', 'trusted-browser.replayed'] as const),
]);

interface LogoutWatchServices {
  readonly store: LogoutStore;
  readonly delivery: LogoutDelivery;
  readonly snapshots: AuthSnapshots;
  readonly policies: Pick<Policies, 'by'>;
  readonly clock: Clock;
  readonly report: (error: unknown) => void;
}

/**
 * Looks for sign-ins that are over, and has the apps told (docs/decisions/0060). One question decides what is over, so that no
 * way of ending a sign-in can forget an app.
 */
export class LogoutWatch {
  readonly #services: LogoutWatchServices;
  /** The accounts to look at. */
  readonly #accounts = new Set<string>();
  #everything = false;
  /** The last one that a look has gone through; "": all. */
  #seen = '';
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStarted = false;
  #isStopped = false;

  constructor(services: LogoutWatchServices) {
    this.#services = services;
  }

  /** Looks and tells until `stop`, what earlier processes left included. */
  start(): void {
    this.#isStarted = true;
    this.wake();
  }

  /** Looks at once for everything that is over. */
  wake(): void {
    this.#everything = true;
    this.#look();
  }

  /** Looks at once for sign-ins of the event's subject, if the event may have ended one. Called after its commit. */
  noticed({ event, subjectId }: Pick<AuditEvent, 'event' | 'subjectId'>): void {
    // Without a start, this is the command line: the next look of a server finds it.
    if (!this.#isStarted || subjectId === null || !ENDINGS.has(event)) return;
    this.#accounts.add(subjectId);
    this.#look();
  }

  /** Resolves when all that is over has been tried once. */
  async settled(): Promise<void> {
    await this.#looking;
    await this.#services.delivery.settled();
  }

  /** Begins nothing more and waits for what is under way; after `patience` milliseconds it is aborted. */
  async stop(patience: number): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    const settled = this.settled();
    await withTimeout(settled, patience, () => this.#services.delivery.abort());
    await settled;
  }

  #look(): void {
    if (!this.#isStopped) this.#looking ??= this.#looks();
  }

  async #looks(): Promise<void> {
    clearTimeout(this.#timer);
    let rest = LONGEST_REST;
    while ((this.#everything || this.#accounts.size > 0) && !this.#isStopped) {
      const accounts = this.#everything ? undefined : [...this.#accounts];
      this.#everything = false;
      this.#accounts.clear();
      try {
        rest = await this.#lookOnce(accounts);
      } catch (error) {
        this.#services.report(error);
      }
    }
    // No `await` between the last check of the loop and this line: what is noticed now begins the next look.
    this.#looking = undefined;
    if (this.#isStarted && !this.#isStopped) this.#timer = setTimeout(() => this.wake(), rest).unref();
  }

  /** Returns how many milliseconds to rest. */
  async #lookOnce(accounts: readonly string[] | undefined): Promise<number> {
    const { store, delivery, clock } = this.#services;
    // Where no app can be told, a look is this one statement.
    if (!(await store.any())) return LONGEST_REST;
    if (accounts) await this.#markOver({ accountIds: accounts });
    else await this.#lookThroughWindow();
    await delivery.begin();
    const next = (await store.nextDue()) ?? Infinity;
    return Math.min(LONGEST_REST, Math.max(SHORTEST_REST, next - clock()));
  }

  async #lookThroughWindow(): Promise<void> {
    const to = await this.#services.store.endOfWindow(this.#seen, WINDOW);
    const among = { after: this.#seen, to };
    await this.#markOver(among);
    await this.#markDistrusted(among);
    this.#seen = to ?? '';
  }

  async #markOver(among: OpenLogouts): Promise<void> {
    const { store, clock } = this.#services;
    for (let found = BATCH; found === BATCH; ) {
      const now = clock();
      const ids = await store.over(now, BATCH, among);
      await store.markDue(ids, now);
      found = ids.length;
    }
  }

  /**
   * A trusted browser replaced the code of a sign-in, and the sign-in ends with that trust: when a factor, the address or a rule
   * has changed. No statement can tell that, so some are looked at each time.
   */
  async #markDistrusted(among: OpenLogouts): Promise<void> {
    const { store, clock } = this.#services;
    const now = clock();
    const trusted = await store.trusted(now, TRUST_BATCH, among);
    const over: string[] = [];
    for (const one of trusted) if (!(await this.#isValid(one))) over.push(one.id);
    await store.markDue(over, now);
    await store.lookAgain(
      trusted.map(({ id }) => id).filter((id) => !over.includes(id)),
      now + TRUST_EVERY,
    );
  }

  async #isValid({ accountId, signInId }: TrustedLogout): Promise<boolean> {
    const { snapshots, policies } = this.#services;
    const { person, settings } = await snapshots.read({ accountId, signInId });
    if (!person?.signIn) return false;
    return policyIfValid(person, person.signIn.epoch, settings, policies) !== undefined;
  }
}
