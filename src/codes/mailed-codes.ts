import type { Actor, Audit } from '../audit/audit.ts';
import { type Instant, seconds } from '../kernel/time.ts';
import { bind, type Transaction } from '../kernel/transaction.ts';
import { withTimeout } from '../kernel/with-timeout.ts';
import {
  AWAY_SENDING_RULE,
  CODE_SENDING_RULE,
  DELAYED_SENDING_RULE,
  type RateLimit,
} from '../limits/rate-limit.ts';
import type { Dispatch, Mailer } from '../mail/mailer.ts';
import type { AccountRecipient, Purpose, Recipient, SentOnce } from '../mail/message.ts';
import type { Binding, Challenges, CodeCheck } from './challenges.ts';

/** How long a page waits for the mail server, so that the page itself comes within five seconds. */
const PATIENCE = seconds(4);

/** Failures that do not count in the account's rate limit, each up to its own limit. All others count. */
const GIVEN_BACK = { away: AWAY_SENDING_RULE, delayed: DELAYED_SENDING_RULE } as const;

/** The outcome of sending a code. */
export type SendOutcome =
  | { readonly kind: 'sent'; readonly at: Instant }
  | { readonly kind: 'wait'; readonly until: Instant }
  /** The mail server refuses this address permanently. */
  | { readonly kind: 'refused' }
  /** No mail server could be reached: our trouble, not the person's. */
  | { readonly kind: 'away' }
  /** The mail server accepts the mail later (greylisting). It is tried again, and its code is valid. */
  | { readonly kind: 'delayed' }
  /** The mail server has not answered yet. The mail may arrive, and its code is valid then. */
  | { readonly kind: 'unsure' };

/** Outcomes with a code to wait for. */
export type Sending = Extract<SendOutcome['kind'], 'sent' | 'unsure' | 'delayed'>;

/** Outcomes without one. */
export type NotSent = Exclude<SendOutcome, { kind: Sending }>;

export function isNotSent(outcome: SendOutcome): outcome is NotSent {
  return outcome.kind === 'wait' || outcome.kind === 'refused' || outcome.kind === 'away';
}

/** What a mailed code proves: the account's owner, in this browser, has access to the mailbox of `address`. */
export interface MailboxProof {
  readonly account: AccountRecipient;
  readonly address: string;
  readonly purpose: Purpose;
  /** The secret of the session that asked for the code. */
  readonly browser: string;
}

export interface SendOptions {
  /** Details of the audit entry, before purpose and outcome. */
  readonly details?: Readonly<Record<string, string>>;
  /** A mail that is sent instead of the code, which nobody gets then. The person who asked sees no difference. */
  readonly instead?: { readonly to: Recipient; readonly message: SentOnce } | undefined;
}

interface MailedCodeServices {
  readonly challenges: Challenges;
  readonly rateLimit: RateLimit;
  readonly post: Mailer;
  readonly audit: Audit;
  /** Called with errors after the page has stopped waiting. */
  readonly report: (error: unknown) => void;
}

/** The process of all mailed codes: send within the rate limit, show what was sent, verify and consume. */
export class MailedCodes {
  readonly #services: MailedCodeServices;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(services: MailedCodeServices) {
    this.#services = services;
  }

  in(tx: Transaction): MailedCodes {
    return new MailedCodes(bind(this.#services, tx));
  }

  /**
   * Sends a new code. A permanent refusal by the mail server is not reported as sent, but counts in the account's rate limit; a
   * temporary failure does not count, up to its own limit. Does not wait for a slow mail server: the code is valid from the
   * moment at which the server accepts the mail.
   */
  async send(proof: MailboxProof, actor: Actor, options: SendOptions = {}): Promise<SendOutcome> {
    const outcome = await this.#sendWithinLimit(proof, actor, options.instead);
    const { account, address, purpose } = proof;
    const event = outcome.kind === 'sent' ? 'second-step.code-sent' : 'second-step.code-not-sent';
    await this.#services.audit.record(event, actor, account, {
      ...options.details,
      ...{ purpose, outcome: outcome.kind },
      ...(address !== account.email && { to: address }),
    });
    return outcome;
  }

  /** When the current code was sent to this address; undefined if there is none. */
  async lastSent(proof: MailboxProof): Promise<Instant | undefined> {
    const challenge = await this.#services.challenges.current(bindingOf(proof));
    return challenge?.address === proof.address ? challenge.sentAt : undefined;
  }

  /** When the account's next code may be sent; undefined: now. */
  async nextSend(account: AccountRecipient): Promise<Instant | undefined> {
    return this.#services.rateLimit.waiting(sendingSubject(account), CODE_SENDING_RULE);
  }

  /** Checks a code and consumes it if it is right: "right" for one of many concurrent requests. */
  async verify(proof: MailboxProof, code: string): Promise<CodeCheck> {
    return this.#services.challenges.verify(bindingOf(proof), proof.address, code);
  }

  /** Resolves when all mails that pages have stopped waiting for are settled. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #sendWithinLimit(
    proof: MailboxProof,
    actor: Actor,
    instead: SendOptions['instead'],
  ): Promise<SendOutcome> {
    const { rateLimit, report } = this.#services;
    const grant = await rateLimit.consume(sendingSubject(proof.account), CODE_SENDING_RULE);
    if (grant.kind === 'wait') return grant;
    const sending = this.#send(proof, actor, instead).then(async (outcome) => {
      await this.#giveBack(proof.account, outcome, grant.at);
      return outcome;
    });
    const outcome = await withTimeout(sending, PATIENCE, () => undefined);
    if (outcome) return outcome;
    const late = sending.catch(report).finally(() => this.#underWay.delete(late));
    this.#underWay.add(late);
    return { kind: 'unsure' };
  }

  async #send(proof: MailboxProof, actor: Actor, instead: SendOptions['instead']): Promise<SendOutcome> {
    const { challenges, post } = this.#services;
    const { account, address, purpose } = proof;
    const answer: { word: Dispatch } = { word: 'refused' };
    const challenge = await challenges.open(
      bindingOf(proof),
      address,
      async (code, { sentAt, expiresAt }) => {
        const message = { kind: 'code', code, purpose, sentAt, expiresAt } as const;
        const letter = instead ?? { to: { ...account, email: address }, message };
        answer.word = await post.send(letter.to, letter.message, actor);
        // A mail that the server may have accepted, or will accept, has to have a valid code.
        return answer.word !== 'refused' && answer.word !== 'away';
      },
    );
    if (answer.word === 'unconfirmed') return { kind: 'unsure' };
    if (answer.word !== 'accepted') return { kind: answer.word };
    return challenge ? { kind: 'sent', at: challenge.sentAt } : { kind: 'refused' };
  }

  /**
   * A temporary failure does not count as one of the five mails an hour, and no pause follows. It has its own count, so that
   * repeated requests still end in the pause.
   */
  async #giveBack(account: AccountRecipient, { kind }: SendOutcome, at: Instant): Promise<void> {
    if (kind !== 'away' && kind !== 'delayed') return;
    const { rateLimit } = this.#services;
    const subject = sendingSubject(account);
    const grant = await rateLimit.consume(`${kind} ${subject}`, GIVEN_BACK[kind]);
    if (grant.kind === 'granted') await rateLimit.giveBack(subject, at);
  }
}

function bindingOf({ account, purpose, browser }: MailboxProof): Binding {
  return { accountId: account.id, purpose, browser };
}

function sendingSubject({ id }: AccountRecipient): string {
  return `codes:${id}`;
}
