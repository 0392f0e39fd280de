import type { Atomically } from '../atomically.ts';
import { type Actor, type Audit, party } from '../audit/audit.ts';
import { type Allowance, LINK_SENDING_RULE, type Permission } from '../limits/allowance.ts';
import type { Throttle } from '../limits/throttle.ts';
import type { Background } from '../post/background.ts';
import type { Notices } from '../post/notices.ts';
import type { Delivery, Message, Post } from '../post/post.ts';
import type { Clock } from '../time.ts';
import { type Account, emailKey } from './account.ts';
import type { Accounts } from './accounts.ts';
import { LINK_LIFETIME, type Link, type Links } from './links.ts';
import { passwordSubjects } from './password-sign-in.ts';
import { hashPassword } from './passwords.ts';

interface CredentialServices {
  readonly accounts: Accounts;
  readonly links: Links;
  readonly allowance: Allowance;
  readonly throttle: Throttle;
  readonly post: Post;
  readonly notices: Notices;
  readonly background: Background;
  readonly audit: Audit;
  readonly atomically: Atomically;
  readonly clock: Clock;
}

type PasswordReset = Extract<Message, { kind: 'password reset' }>;

/** Changing the password, also when it is forgotten. */
export class Credentials {
  readonly #services: CredentialServices;

  constructor(services: CredentialServices) {
    this.#services = services;
  }

  /**
   * Mails a link to choose a new password, if the address has an account. The caller learns of the limit alone, which
   * counts for addresses without an account just the same, and waits for nothing else (ASVS 6.3.8).
   */
  async requestReset(email: string, origin: Actor['origin']): Promise<Permission> {
    const permission = await this.#services.allowance.take(`links:${emailKey(email)}`, LINK_SENDING_RULE);
    const asker = { id: null, label: emailKey(email) };
    if (permission.kind === 'wait') {
      await this.#services.audit.record('links.throttled', origin, asker);
      return permission;
    }
    this.#services.background.start(async () => {
      const account = await this.#services.accounts.findByEmail(email);
      if (!account || account.disabledAt !== null) return;
      await this.#keepReset(account, { party: asker, origin }, (message) =>
        this.#services.post.queue(account, message),
      );
    });
    return permission;
  }

  /** Mails the account a link to choose a new password: an administrator starts a reset, never sets a password. */
  async sendReset(account: Account, actor: Actor): Promise<Delivery> {
    const { post } = this.#services;
    const held = await this.#keepReset(account, actor, (message) => post.hold(account, message));
    return post.deliver(held);
  }

  /** Makes the link, writes down who asked for it, and keeps the mail: all or nothing of it. */
  async #keepReset<Kept>(
    account: Account,
    actor: Actor,
    keep: (message: PasswordReset) => Promise<Kept>,
  ): Promise<Kept> {
    const { links, audit, atomically, clock } = this.#services;
    return atomically(async () => {
      await audit.record('password.reset-requested', actor.origin, actor.party, party(account));
      const token = await links.issue('password reset', { accountId: account.id });
      const expiresAt = clock() + LINK_LIFETIME['password reset'];
      return keep({ kind: 'password reset', token, expiresAt });
    });
  }

  /** The account that a reset link is for; undefined when the link is dead or the account disabled. */
  async resetLink(token: string): Promise<{ readonly link: Link; readonly account: Account } | undefined> {
    const link = await this.#services.links.look('password reset', token);
    const account = link?.accountId ? await this.#services.accounts.find(link.accountId) : undefined;
    return link && account?.disabledAt === null ? { link, account } : undefined;
  }

  /**
   * Sets the new password by a reset link; false when the link was used meanwhile. It signs nobody in and leaves the
   * second factor as it is (ASVS 6.4.3); every session ends. Who guessed at the old password and had to wait may sign
   * in with the new one at once.
   */
  async reset(link: Link, account: Account, password: string, origin: Actor['origin']): Promise<boolean> {
    const { accounts, links, throttle, audit, notices, atomically } = this.#services;
    const actor = { party: party(account), origin };
    const hash = await hashPassword(password);
    return atomically(async () => {
      if (!(await links.spend(link))) return false;
      await accounts.changePassword(account.id, hash);
      await links.dropFor(account.id);
      await throttle.reset(...passwordSubjects(account.email, origin));
      await audit.record('password.reset', origin, actor.party);
      await notices.tell(account, 'password changed', actor);
      return true;
    });
  }

  /** Changes the password of a person who has just given the current one; returns the new session epoch. */
  async changePassword(account: Account, next: string, actor: Actor): Promise<number> {
    const { accounts, links, audit, notices, atomically } = this.#services;
    const hash = await hashPassword(next);
    return atomically(async () => {
      const raised = await accounts.changePassword(account.id, hash);
      await links.dropFor(account.id);
      await audit.record('password.changed', actor.origin, actor.party);
      await notices.tell(account, 'password changed', actor);
      return raised;
    });
  }
}
