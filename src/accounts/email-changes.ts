import type { Actor, Audit } from '../audit/audit.ts';
import type { Attempts } from '../codes/attempts.ts';
import type { CodeFault } from '../codes/challenges.ts';
import type { MailboxProof, MailedCodes, SendOutcome } from '../codes/mailed-codes.ts';
import { emailKey } from '../kernel/email-address.ts';
import type { Clock, Instant } from '../kernel/time.ts';
import { bind, type Transaction } from '../kernel/transaction.ts';
import type { Notices } from '../mail/notices.ts';
import type { Account } from './account.ts';
import type { Accounts } from './accounts.ts';
import type { Links } from './links.ts';

/** Ends the trust in a person's browsers: what the old mailbox proved no longer counts. */
export interface TrustInBrowsers {
  clear(of: { readonly accountId: string }): Promise<void>;
}

interface EmailChangeServices {
  readonly accounts: Accounts;
  readonly codes: MailedCodes;
  readonly links: Links;
  readonly attempts: Attempts;
  readonly trust: TrustInBrowsers;
  readonly notices: Notices;
  readonly audit: Audit;
  readonly clock: Clock;
}

/** A change of email that is not proven yet. `browser`: the secret of the session that asked for it. */
export interface EmailChange {
  readonly account: Account;
  readonly email: string;
  readonly browser: string;
}

export type EmailChangeOutcome =
  | { readonly kind: 'changed' }
  | { readonly kind: 'fault'; readonly fault: CodeFault }
  | { readonly kind: 'wait'; readonly until: Instant };

/** Changes the email address of an account, after a code has proven the new mailbox. */
export class EmailChanges {
  readonly #services: EmailChangeServices;

  constructor(services: EmailChangeServices) {
    this.#services = services;
  }

  in(tx: Transaction): EmailChanges {
    return new EmailChanges(bind(this.#services, tx));
  }

  /**
   * Sends a code to the new address. If the address belongs to another account, its owner gets a notice instead. The outcome
   * is the same, so that it does not reveal who has an account (ASVS 6.3.8).
   */
  async sendCode(change: EmailChange, actor: Actor): Promise<SendOutcome> {
    const { accounts, audit, codes } = this.#services;
    const { account, email } = change;
    const details = { purpose: PURPOSE, to: email };
    await audit.record('email.change-requested', actor, account, details);
    const holder = await accounts.findByEmail(email);
    const isTaken = holder !== undefined && holder.id !== account.id;
    const instead = isTaken ? { to: holder, message: { kind: 'address taken' } as const } : undefined;
    return codes.send(proofOf(change), actor, { instead });
  }

  /** When the valid code was sent, and when the next may be sent; each undefined if there is no code or no wait. */
  async sending(
    change: EmailChange,
  ): Promise<{ readonly sentAt: Instant | undefined; readonly nextAt: Instant | undefined }> {
    const { codes } = this.#services;
    return {
      sentAt: await codes.lastSent(proofOf(change)),
      nextAt: await codes.nextSend(change.account),
    };
  }

  /** When the account may try its next code; undefined: now. */
  async waiting({ account }: EmailChange): Promise<Instant | undefined> {
    return this.#services.attempts.waiting(account.id);
  }

  /** Changes the address if the code proves the new mailbox, and mails both addresses. */
  async confirm(change: EmailChange, code: string, actor: Actor): Promise<EmailChangeOutcome> {
    const { account, email } = change;
    const attempt = { account, actor, details: { purpose: PURPOSE } };
    return this.#services.attempts.decide(attempt, this.#services, async ({ codes }, _, tx) => {
      const bound = this.in(tx);
      const result = await codes.verify(proofOf(change), code);
      if (result !== 'right') return bound.#refuse(result, actor);
      // Another account took the address meanwhile, or had it before and the code was guessed.
      if (!(await bound.#change(account, email, actor))) return bound.#refuse('wrong', actor);
      return { kind: 'changed' };
    });
  }

  /** False if another account has the address. Runs in the transaction that counted the attempt. */
  async #change(account: Account, email: string, actor: Actor): Promise<boolean> {
    const { accounts, attempts, links, trust, audit, clock } = this.#services;
    if (!(await accounts.changeEmail(account.id, email, clock()))) return false;
    await attempts.reset(account.id);
    await links.dropFor(account.id);
    // Trust may rest on codes to the old mailbox. It ends for good, even if the old address comes back.
    await trust.clear({ accountId: account.id });
    await audit.record('email.changed', actor, actor.party, { from: account.email, to: email });
    await this.#tell(account, email, actor);
    return true;
  }

  async #refuse(fault: CodeFault, actor: Actor): Promise<EmailChangeOutcome> {
    const details = { purpose: PURPOSE, fault };
    await this.#services.audit.record('step-up.refused', actor, actor.party, details);
    return { kind: 'fault', fault };
  }

  /** Mails both addresses; one mail if only the spelling has changed. */
  async #tell(account: Account, email: string, actor: Actor): Promise<void> {
    const isSame = emailKey(account.email) === emailKey(email);
    for (const address of isSame ? [email] : [account.email, email]) {
      await this.#services.notices.tell(account, 'e-mail changed', actor, email, address);
    }
  }
}

const PURPOSE = 'e-mail change';

function proofOf({ account, email, browser }: EmailChange): MailboxProof {
  return { account, address: email, purpose: PURPOSE, browser };
}
