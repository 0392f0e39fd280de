import type { Account } from '../accounts/account.ts';
import { ABSOLUTE_LIMIT } from '../accounts/sign-ins.ts';
import { type Audit, type Origin, party } from '../audit/audit.ts';
import { newId } from '../kernel/identifiers.ts';
import type { Clock, Instant } from '../kernel/time.ts';
import { bind, type Transact, type Transaction } from '../kernel/transaction.ts';
import type { OidcApp, SignedApp } from './app.ts';
import type { AppSignIn } from './app-sign-ins.ts';
import { canBeTold, type LogoutStore } from './logouts.ts';

/** An app that speaks a protocol: it keeps a session of its own, and Postern only knows that there is one. */
export type ClientApp = OidcApp | SignedApp;

/** Storage of the sign-ins to apps that have no cookie of Postern. There is one for each sign-in to Postern and app. */
export interface ClientSignInStore {
  /** The id of the sign-in to this app that rests on that sign-in to Postern. */
  find(signIn: Pick<AppSignIn, 'appId' | 'signInId'>): Promise<string | undefined>;
  /** Also records that the account uses the app. False if there is one already; of several callers at once, one gets true. */
  create(signIn: Omit<AppSignIn, 'lastSeenAt'>): Promise<boolean>;
  /** Records another use. */
  use(signIn: Pick<AppSignIn, 'id' | 'appId' | 'accountId'>, at: Instant): Promise<void>;
}

interface ClientSignInServices {
  readonly store: ClientSignInStore;
  readonly logouts: Pick<LogoutStore, 'expect'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly transaction: Transact;
  readonly clock: Clock;
}

/** Who is signed in to a client, by which sign-in to Postern, and from where (for the audit log). */
export interface ClientVisit {
  readonly account: Account;
  readonly signInId: string;
  readonly origin: Origin;
}

/** Who is signed in to apps by a protocol: by OpenID Connect, or by signed hand-overs. */
export class ClientSignIns {
  readonly #services: ClientSignInServices;

  constructor(services: ClientSignInServices) {
    this.#services = services;
  }

  in(tx: Transaction): ClientSignIns {
    return new ClientSignIns(bind(this.#services, tx));
  }

  /**
   * Records that a sign-in to Postern signs in to an app, and returns the id of the sign-in to the app: the `sid` of OpenID
   * Connect. The same sign-in and app have the same id, however often and at once this is called; the first call is audited. From
   * then on the app is told when the sign-in ends, if it has an address for that. The caller has made sure that the person may use
   * the app (`accessTo`).
   */
  async record(app: ClientApp, visit: ClientVisit): Promise<string> {
    const { store, transaction, clock } = this.#services;
    const bound = { appId: app.id, signInId: visit.signInId };
    const known = await store.find(bound);
    if (known === undefined) return transaction(this.#services, (_, tx) => this.in(tx).#begin(app, visit));
    await store.use({ id: known, appId: app.id, accountId: visit.account.id }, clock());
    return known;
  }

  async #begin(app: ClientApp, { account, signInId, origin }: ClientVisit): Promise<string> {
    const { store, logouts, audit, clock } = this.#services;
    const now = clock();
    const signIn = {
      ...{ id: newId(now), appId: app.id, signInId, accountId: account.id },
      ...{ createdAt: now, expiresAt: now + ABSOLUTE_LIMIT },
    };
    if (!(await store.create(signIn))) {
      const other = await store.find(signIn);
      if (other === undefined) throw new Error('The sign-in to the app has ended meanwhile.');
      return other;
    }
    if (canBeTold(app)) await logouts.expect(signIn);
    await audit.record('app.signed-in', { party: party(account), origin }, account, { app: app.name });
    return signIn.id;
  }
}
