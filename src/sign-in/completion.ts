import type { Account } from '../accounts/account.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { SignIns } from '../accounts/sign-ins.ts';
import type { Actor, Audit } from '../audit/audit.ts';
import type { Clock } from '../kernel/time.ts';
import { bind, type Transact, type Transaction } from '../kernel/transaction.ts';
import { type Assurance, factorsInWords, restsOnTrust, withProof } from './assurance.ts';
import type { SignedInSession } from './session-state.ts';

interface CompletionServices {
  readonly signIns: Pick<SignIns, 'begin' | 'prove'>;
  readonly accounts: Pick<Accounts, 'recordSignIn'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly transaction: Transact;
  readonly clock: Clock;
}

/** Creates every signed-in session state. */
export class Completion {
  readonly #services: CompletionServices;

  constructor(services: CompletionServices) {
    this.#services = services;
  }

  in(tx: Transaction): Completion {
    return new Completion(bind(this.#services, tx));
  }

  /**
   * Begins a sign-in after everything that was due is proven. The caller has to renew the session's id. `trustedBrowserId`: the
   * trusted browser that replaced the code; the sign-in ends with its trust.
   */
  async complete(
    account: Account,
    actor: Actor,
    assurance: Assurance,
    trustedBrowserId: string | null = null,
  ): Promise<SignedInSession> {
    const { clock, transaction } = this.#services;
    const now = clock();
    const { id: accountId, sessionEpoch: epoch } = account;
    const signInId = await transaction(this.#services, async ({ accounts, audit, signIns }) => {
      await accounts.recordSignIn(accountId, epoch, now, actor.origin.language);
      await audit.record('sign-in.completed', actor, actor.party, { factors: factorsInWords(assurance) });
      return signIns.begin(account, actor.origin, assurance, trustedBrowserId);
    });
    const steppedUpAt = restsOnTrust(assurance) ? 0 : now;
    return { kind: 'signed in', accountId, signInId, epoch, since: now, assurance, steppedUpAt };
  }

  /** Continues this session in the new epoch after a change of password, which has ended all other sessions. */
  async continueAfterPassword(
    state: SignedInSession,
    account: Account,
    { origin }: Actor,
  ): Promise<SignedInSession> {
    const assurance = withProof(state.assurance, 'password', this.#services.clock());
    const signInId = await this.#services.signIns.begin(account, origin, assurance);
    return { ...state, epoch: account.sessionEpoch, signInId, assurance };
  }

  /**
   * Adds proofs to a signed-in session: of a step-up, or of a new authenticator. `leavesTrust`: from now on the sign-in does not
   * end with the trust in its browser.
   */
  async prove(state: SignedInSession, proofs: Assurance, leavesTrust = false): Promise<SignedInSession> {
    const assurance = proofs.reduce(
      (before, { factor, at }) => withProof(before, factor, at),
      state.assurance,
    );
    await this.#services.signIns.prove(state.signInId, assurance, leavesTrust);
    return { ...state, assurance };
  }
}
