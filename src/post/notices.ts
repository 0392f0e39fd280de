import type { Account } from '../accounts/account.ts';
import type { Actor } from '../audit/audit.ts';
import type { Clock } from '../time.ts';
import type { Notice, Post } from './post.ts';

/** Tells people by mail what was changed on their account, when, from where, and what to do if it wasn't them. */
export class Notices {
  readonly #post: Post;
  readonly #clock: Clock;

  constructor(post: Post, clock: Clock) {
    this.#post = post;
    this.#clock = clock;
  }

  /** Tells the account's owner, kept for delivery before this resolves; `address` where it is not the account's own (the old one after a change of e-mail). */
  async tell(
    account: Account,
    notice: Notice,
    actor: Actor,
    about = '',
    address = account.email,
  ): Promise<void> {
    const by = actor.party.id === account.id ? 'person' : 'administrator';
    await this.#post.queue(
      { id: account.id, email: address, name: account.name, locale: account.locale },
      { kind: 'notice', notice, at: this.#clock(), origin: actor.origin, by, about },
    );
  }
}
