import type { Atomically } from '../atomically.ts';
import type { Actor, Audit } from '../audit/audit.ts';
import { SECOND_FACTOR_RULE, secondFactorSubject, type Throttle } from '../limits/throttle.ts';
import type { Notices } from '../post/notices.ts';
import type { Instant } from '../time.ts';
import type { Binding } from '../two-factor/challenges.ts';
import type { MailedCodes } from '../two-factor/mailed-codes.ts';
import type { CodeFault, SendOutcome } from '../two-factor/method.ts';
import { type Account, emailKey } from './account.ts';
import type { Accounts } from './accounts.ts';
import type { Links } from './links.ts';

interface EmailChangeServices {
  readonly accounts: Accounts;
  readonly codes: MailedCodes;
  readonly links: Links;
  readonly throttle: Throttle;
  readonly notices: Notices;
  readonly audit: Audit;
  readonly atomically: Atomically;
}

/** A person on the way to another e-mail address; `browser` is the secret of the session that asked. */
export interface EmailChange {
  readonly account: Account;
  readonly email: string;
  readonly browser: string;
}

export type EmailChangeOutcome =
  | { readonly kind: 'changed' }
  | { readonly kind: 'fault'; readonly fault: CodeFault }
  | { readonly kind: 'wait'; readonly until: Instant };

/** Changing the e-mail address that a person signs in with: a code proves the new mailbox first. */
export class EmailChanges {
  readonly #services: EmailChangeServices;

  constructor(services: EmailChangeServices) {
    this.#services = services;
  }

  /**
   * Sends a code to the new address. One that another account has gets a mail that says so instead: whoever asks sees
   * the same and cannot find out who has an account (ASVS 6.3.8).
   */
  async sendCode(change: EmailChange, actor: Actor): Promise<SendOutcome> {
    const { account, email } = change;
    const holder = await this.#services.accounts.findByEmail(email);
    const instead =
      holder && holder.id !== account.id
        ? { to: holder, message: { kind: 'address taken' } as const }
        : undefined;
    const outcome = await this.#services.codes.send(account, email, bindingOf(change), instead);
    const event = outcome.kind === 'sent' ? 'second-step.code-sent' : 'second-step.code-not-sent';
    await this.#record('email.change-requested', actor, { to: email });
    await this.#record(event, actor, { outcome: outcome.kind, to: email });
    return outcome;
  }

  /** When the code that counts was sent, and until when the next has to wait; undefined where there is neither. */
  async sending(
    change: EmailChange,
  ): Promise<{ readonly sentAt: Instant | undefined; readonly nextAt: Instant | undefined }> {
    const challenge = await this.#services.codes.current(change.email, bindingOf(change));
    return { sentAt: challenge?.sentAt, nextAt: await this.#services.codes.waiting(change.account) };
  }

  /** Until when the account has to wait before its next code; undefined when it may try now. */
  async waiting({ account }: EmailChange): Promise<Instant | undefined> {
    return this.#services.throttle.waiting(secondFactorSubject(account.id), SECOND_FACTOR_RULE);
  }

  /**
   * Changes the address once the code proves the new mailbox, and tells both. Wrong codes count with those of the
   * second step: each try before it is looked at, in whichever session (NIST SP 800-63B-4 §3.2.2).
   */
  async confirm(change: EmailChange, code: string, actor: Actor): Promise<EmailChangeOutcome> {
    const { account, email } = change;
    const attempt = await this.#services.throttle.take(secondFactorSubject(account.id), SECOND_FACTOR_RULE);
    if (attempt.kind === 'wait') {
      await this.#record('second-step.throttled', actor, {});
      return attempt;
    }
    const result = await this.#services.codes.verify(email, bindingOf(change), code);
    if (result !== 'right') return this.#refuse(result, actor);
    // Somebody else took the address meanwhile, or had it all along and the code was a lucky guess.
    if (!(await this.#change(account, email, actor))) return this.#refuse({ kind: 'wrong' }, actor);
    return { kind: 'changed' };
  }

  /** False when another account has the address. */
  async #change(account: Account, email: string, actor: Actor): Promise<boolean> {
    const { origin, party } = actor;
    const { accounts, throttle, links, audit, atomically } = this.#services;
    return atomically(async () => {
      if (!(await accounts.changeEmail(account.id, email))) return false;
      await throttle.reset(secondFactorSubject(account.id));
      await links.dropFor(account.id);
      await audit.record('email.changed', origin, party, party, { from: account.email, to: email });
      await this.#tell(account, email, actor);
      return true;
    });
  }

  async #refuse(fault: CodeFault, actor: Actor): Promise<EmailChangeOutcome> {
    await this.#record('step-up.refused', actor, { fault: fault.kind });
    return { kind: 'fault', fault };
  }

  /** Both mailboxes; they are one where only the spelling has changed. */
  async #tell(account: Account, email: string, actor: Actor): Promise<void> {
    const isSame = emailKey(account.email) === emailKey(email);
    for (const address of isSame ? [email] : [account.email, email]) {
      await this.#services.notices.tell(account, 'e-mail changed', actor, email, address);
    }
  }

  async #record(
    event:
      | 'email.change-requested'
      | 'second-step.code-sent'
      | 'second-step.code-not-sent'
      | 'second-step.throttled'
      | 'step-up.refused',
    { origin, party }: Actor,
    detail: Readonly<Record<string, string>>,
  ): Promise<void> {
    await this.#services.audit.record(event, origin, party, party, { purpose: PURPOSE, ...detail });
  }
}

const PURPOSE = 'e-mail change';

function bindingOf({ account, browser }: EmailChange): Binding {
  return { accountId: account.id, purpose: PURPOSE, browser };
}
