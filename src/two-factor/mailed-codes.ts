import type { Account } from '../accounts/account.ts';
import { type Allowance, CODE_SENDING_RULE } from '../limits/allowance.ts';
import type { Post, Recipient, SentOnce } from '../post/post.ts';
import type { Binding, Challenge, Challenges, CodeCheck } from './challenges.ts';
import type { CodeFault, SendOutcome } from './method.ts';

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

/** Codes that travel by mail: sent no more often than allowed, and checked. */
export class MailedCodes {
  readonly #challenges: Challenges;
  readonly #allowance: Allowance;
  readonly #post: Post;

  constructor(challenges: Challenges, allowance: Allowance, post: Post) {
    this.#challenges = challenges;
    this.#allowance = allowance;
    this.#post = post;
  }

  /**
   * Sends a new code to `address`. What the mail server refuses is never called sent, yet uses up the account's
   * allowance, or a dead server could be made to hammer a mailbox once it is back. `instead` goes out in the place of
   * a code that nobody is to have; whoever asked sees no difference.
   */
  async send(account: Account, address: string, binding: Binding, instead?: Letter): Promise<SendOutcome> {
    const permission = await this.#allowance.take(sendingSubject(account), CODE_SENDING_RULE);
    if (permission.kind === 'wait') return permission;
    const challenge = await this.#challenges.open(binding, address, async (code, { sentAt, expiresAt }) => {
      const to = { id: account.id, email: address, name: account.name, locale: account.locale };
      const message = { kind: 'code', code, purpose: binding.purpose, sentAt, expiresAt } as const;
      const letter = instead ?? { to, message };
      return (await this.#post.send(letter.to, letter.message)) === 'accepted';
    });
    return challenge ? { kind: 'sent', at: challenge.sentAt } : { kind: 'refused' };
  }

  /** The challenge that counts, if its code went to this address. */
  async current(address: string, binding: Binding): Promise<Challenge | undefined> {
    const challenge = await this.#challenges.current(binding);
    return challenge?.address === address ? challenge : undefined;
  }

  /** Until when the next code has to wait; undefined when it may be sent now. */
  async waiting(account: Account): Promise<number | undefined> {
    return this.#allowance.waiting(sendingSubject(account), CODE_SENDING_RULE);
  }

  async verify(address: string, binding: Binding, code: string): Promise<'right' | CodeFault> {
    const check = await this.#challenges.check(binding, address, code);
    return check === 'right' ? check : FAULTS[check];
  }
}

function sendingSubject(account: Account): string {
  return `codes:${account.id}`;
}
