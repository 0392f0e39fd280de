import { setTimeout as pause } from 'node:timers/promises';
import type { Account } from '../accounts/account.ts';
import { type Allowance, CODE_SENDING_RULE } from '../limits/allowance.ts';
import type { Post, Recipient, SentOnce } from '../post/post.ts';
import { seconds } from '../time.ts';
import type { Binding, Challenge, Challenges, CodeCheck } from './challenges.ts';
import type { CodeFault, SendOutcome } from './method.ts';

/** A page waits so long for the mail server's word on a code; the page is to come within five seconds. */
const PATIENCE = seconds(4);

const FAULTS: Record<Exclude<CodeCheck, 'right'>, CodeFault> = {
  wrong: { kind: 'wrong' },
  expired: { kind: 'expired' },
  'used up': { kind: 'used up' },
  none: { kind: 'none sent' },
};

/** A message with whom it goes to. */
interface Letter {
  readonly to: Recipient;
  readonly message: SentOnce;
}

interface MailedCodeServices {
  readonly challenges: Challenges;
  readonly allowance: Allowance;
  readonly post: Post;
  /** Hears of faults that no page waits for. */
  readonly report: (error: unknown) => void;
}

/** Codes that travel by mail: sent no more often than allowed, and checked. */
export class MailedCodes {
  readonly #services: MailedCodeServices;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(services: MailedCodeServices) {
    this.#services = services;
  }

  /**
   * Sends a new code to `address`. What the mail server refuses is never called sent, yet uses up the account's
   * allowance, or a dead server could be made to hammer a mailbox once it is back. One that takes its time is not waited
   * for: the code counts from the moment at which it is taken. `instead` goes out in the place of a code that nobody is
   * to have; whoever asked sees no difference.
   */
  async send(account: Account, address: string, binding: Binding, instead?: Letter): Promise<SendOutcome> {
    const { allowance, report } = this.#services;
    const permission = await allowance.take(sendingSubject(account), CODE_SENDING_RULE);
    if (permission.kind === 'wait') return permission;
    const sending = this.#send(account, address, binding, instead);
    const outcome = await Promise.race([sending, pause(PATIENCE, undefined, { ref: false })]);
    if (outcome) return outcome;
    const late = sending.catch(report).finally(() => this.#underWay.delete(late));
    this.#underWay.add(late);
    return { kind: 'unsure' };
  }

  /** Resolves when none is under way that a page no longer waits for. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /** The challenge that counts, if its code went to this address. */
  async current(address: string, binding: Binding): Promise<Challenge | undefined> {
    const challenge = await this.#services.challenges.current(binding);
    return challenge?.address === address ? challenge : undefined;
  }

  /** Until when the next code has to wait; undefined when it may be sent now. */
  async waiting(account: Account): Promise<number | undefined> {
    return this.#services.allowance.waiting(sendingSubject(account), CODE_SENDING_RULE);
  }

  async verify(address: string, binding: Binding, code: string): Promise<'right' | CodeFault> {
    const check = await this.#services.challenges.check(binding, address, code);
    return check === 'right' ? check : FAULTS[check];
  }

  async #send(
    account: Account,
    address: string,
    binding: Binding,
    instead: Letter | undefined,
  ): Promise<SendOutcome> {
    const { challenges, post } = this.#services;
    let isAnswered = true;
    const challenge = await challenges.open(binding, address, async (code, { sentAt, expiresAt }) => {
      const to = { id: account.id, email: address, name: account.name, locale: account.locale };
      const message = { kind: 'code', code, purpose: binding.purpose, sentAt, expiresAt } as const;
      const letter = instead ?? { to, message };
      const outcome = await post.send(letter.to, letter.message);
      isAnswered = outcome !== 'unanswered';
      // What may have been taken counts: who gets it could do nothing with it otherwise.
      return outcome !== 'refused';
    });
    if (!challenge) return { kind: 'refused' };
    return isAnswered ? { kind: 'sent', at: challenge.sentAt } : { kind: 'unsure' };
  }
}

function sendingSubject(account: Account): string {
  return `codes:${account.id}`;
}
