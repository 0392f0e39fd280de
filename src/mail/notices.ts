import type { Actor } from '../audit/audit.ts';
import type { Clock } from '../kernel/time.ts';
import { type Transaction, within } from '../kernel/transaction.ts';
import type { Mailer } from './mailer.ts';
import type { AccountRecipient } from './message.ts';
import type { Notice } from './vocabulary.ts';

/** Mails people what was changed on their account, when, from where, and what to do if it wasn't them. */
export class Notices {
  readonly #post: Mailer;
  readonly #clock: Clock;

  constructor(post: Mailer, clock: Clock) {
    this.#post = post;
    this.#clock = clock;
  }

  in(tx: Transaction): Notices {
    return new Notices(within(tx, this.#post), this.#clock);
  }

  /**
   * Mails the account's owner; the mail is in the queue when this resolves. `address`: if it is not the account's own (the
   * old one after a change of email).
   */
  async tell(
    account: AccountRecipient,
    notice: Notice,
    actor: Actor,
    about = '',
    address = account.email,
  ): Promise<void> {
    const by = actor.party.id === account.id ? 'person' : 'administrator';
    await this.#post.queue(
      { ...account, email: address },
      { kind: 'notice', notice, at: this.#clock(), origin: actor.origin, by, about },
      actor,
    );
  }

  /** Mails an administrator what concerns all administrators, and who did it. */
  async tellColleague(
    colleague: AccountRecipient,
    notice: Notice,
    actor: Actor,
    about: string,
  ): Promise<void> {
    const by = actor.party.id === colleague.id ? 'person' : 'administrator';
    const who = actor.party.label;
    const message = {
      kind: 'notice',
      notice,
      at: this.#clock(),
      origin: actor.origin,
      by,
      about,
      who,
    } as const;
    await this.#post.queue(colleague, message, actor);
  }
}
