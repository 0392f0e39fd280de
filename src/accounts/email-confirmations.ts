import type { Actor, Audit } from '../audit/audit.ts';
import type { Attempts } from '../codes/attempts.ts';
import type { CodeFault } from '../codes/challenges.ts';
import type { MailboxProof, MailedCodes, SendOutcome } from '../codes/mailed-codes.ts';
import type { Clock, Instant } from '../kernel/time.ts';
import { bind, type Transaction } from '../kernel/transaction.ts';
import type { Account } from './account.ts';
import type { Accounts } from './accounts.ts';

interface EmailConfirmationServices {
  readonly accounts: Pick<Accounts, 'confirmEmail'>;
  readonly codes: MailedCodes;
  readonly attempts: Attempts;
  readonly audit: Pick<Audit, 'record'>;
  readonly clock: Clock;
}

/** An address that is not confirmed yet. `browser`: the secret of the session that asks. */
export interface EmailConfirmation {
  readonly account: Account;
  readonly browser: string;
}

export type EmailConfirmationOutcome =
  | { readonly kind: 'confirmed' }
  | { readonly kind: 'fault'; readonly fault: CodeFault }
  | { readonly kind: 'wait'; readonly until: Instant };

const PURPOSE = 'email confirmation';

/** Confirms the address that an account has, by a code to its mailbox. */
export class EmailConfirmations {
  readonly #services: EmailConfirmationServices;

  constructor(services: EmailConfirmationServices) {
    this.#services = services;
  }

  in(tx: Transaction): EmailConfirmations {
    return new EmailConfirmations(bind(this.#services, tx));
  }

  async sendCode(confirmation: EmailConfirmation, actor: Actor): Promise<SendOutcome> {
    return this.#services.codes.send(proofOf(confirmation), actor);
  }

  /** When the valid code was sent, when the next may be sent, when the next may be tried; each undefined if there is none. */
  async sending(confirmation: EmailConfirmation): Promise<{
    readonly sentAt: Instant | undefined;
    readonly nextAt: Instant | undefined;
    readonly waitUntil: Instant | undefined;
  }> {
    const { codes, attempts } = this.#services;
    return {
      sentAt: await codes.lastSent(proofOf(confirmation)),
      nextAt: await codes.nextSend(confirmation.account),
      waitUntil: await attempts.waiting(confirmation.account.id),
    };
  }

  /** Confirms the address if the code is right. It counts as an attempt (see `Attempts`). */
  async confirm(
    confirmation: EmailConfirmation,
    code: string,
    actor: Actor,
  ): Promise<EmailConfirmationOutcome> {
    const { account } = confirmation;
    const attempt = { account, actor, details: { purpose: PURPOSE } };
    return this.#services.attempts.decide(attempt, this.#services, async (bound) => {
      const { accounts, attempts, audit, clock, codes } = bound;
      const result = await codes.verify(proofOf(confirmation), code);
      if (result !== 'right') {
        await audit.record('email.confirmation-refused', actor, account, { fault: result });
        return { kind: 'fault', fault: result };
      }
      await attempts.reset(account.id);
      await accounts.confirmEmail(account.id, account.email, clock());
      await audit.record('email.confirmed', actor, account);
      return { kind: 'confirmed' };
    });
  }
}

function proofOf({ account, browser }: EmailConfirmation): MailboxProof {
  return { account, address: account.email, purpose: PURPOSE, browser };
}
