import { type Actor, type Audit, party } from '../audit/audit.ts';
import type { AfterResponse } from '../kernel/after-response.ts';
import type { Keyring } from '../kernel/keyring.ts';
import type { Clock } from '../kernel/time.ts';
import type { Transact } from '../kernel/transaction.ts';
import type { ClientBudgets } from '../limits/client-budget.ts';
import type { FailureBackoff } from '../limits/failure-backoff.ts';
import { PASSWORD_LINK_RULE, type RateLimit } from '../limits/rate-limit.ts';
import type { Delivery, Mailer } from '../mail/mailer.ts';
import type { Message } from '../mail/message.ts';
import type { Notices } from '../mail/notices.ts';
import type { Account } from './account.ts';
import type { Accounts } from './accounts.ts';
import { LINK_LIFETIME, type Link, type Links } from './links.ts';
import type { PasswordHasher } from './password-hasher.ts';
import { passwordSubjects } from './password-sign-in.ts';
import { type MailPermission, permitMail } from './requested-mails.ts';
import { addressName, typist } from './typed-address.ts';

interface CredentialServices {
  readonly accounts: Accounts;
  readonly links: Links;
  readonly rateLimit: RateLimit;
  readonly clients: Pick<ClientBudgets, 'passwordLinks' | 'failures'>;
  readonly passwordHasher: PasswordHasher;
  readonly throttle: FailureBackoff;
  readonly post: Mailer;
  readonly notices: Notices;
  readonly background: AfterResponse;
  readonly audit: Audit;
  readonly keyring: Keyring;
  readonly transaction: Transact;
  readonly clock: Clock;
}

/** Address of the links that open nothing. A new one replaces the earlier one, so at most one is stored. */
const NOBODY = 'nobody';

type PasswordReset = Extract<Message, { kind: 'password reset' }>;

/** Change of the password by its owner, and reset by a mailed link. */
export class Credentials {
  readonly #services: CredentialServices;

  constructor(services: CredentialServices) {
    this.#services = services;
  }

  /**
   * Mails a link to choose a new password, if the address has an account. The result depends on the rate limits only, which
   * are the same for addresses without an account (ASVS 6.3.8). The rest runs in the background, with the same work for every
   * address: otherwise the duration of a second request would show whether the first address has an account.
   */
  async requestReset(email: string, origin: Actor['origin']): Promise<MailPermission> {
    const { accounts, background, clients, keyring } = this.#services;
    const hasAccount = (await accounts.findByEmail(email)) !== undefined;
    const asker = { party: typist(email, hasAccount, keyring), origin };
    const subject = `links:${addressName(email, keyring)}`;
    const permission = await permitMail(
      this.#services,
      clients.passwordLinks,
      subject,
      PASSWORD_LINK_RULE,
      asker,
    );
    if (permission.kind !== 'granted') return permission;
    background.start(async () => {
      const account = await accounts.findByEmail(email);
      if (!account || account.disabledAt !== null) return this.#pretendReset(asker);
      await this.#keepReset(account, asker, (post, message) => post.queue(account, message, asker));
    });
    return permission;
  }

  /** Does the work of a reset without an account: a link that opens nothing, and a mail that is not sent. */
  async #pretendReset(actor: Actor): Promise<void> {
    const { transaction } = this.#services;
    await transaction(this.#services, async ({ links, post }) => {
      const token = await links.issue('password reset', { email: NOBODY });
      await post.pretend(this.#resetMessage(token), actor);
    });
  }

  #resetMessage(token: string): PasswordReset {
    return {
      kind: 'password reset',
      token,
      expiresAt: this.#services.clock() + LINK_LIFETIME['password reset'],
    };
  }

  /** Mails the account a link to choose a new password. Administrators can start a reset, but never set a password. */
  async sendReset(account: Account, actor: Actor): Promise<Delivery> {
    const { post } = this.#services;
    const held = await this.#keepReset(account, actor, (queue, message) =>
      queue.claim(account, message, actor),
    );
    return post.deliver(held);
  }

  /** Makes the link, the audit entry and the mail in one transaction. */
  async #keepReset<Kept>(
    account: Account,
    actor: Actor,
    keep: (post: Mailer, message: PasswordReset) => Promise<Kept>,
  ): Promise<Kept> {
    const { transaction } = this.#services;
    return transaction(this.#services, async ({ links, audit, post }) => {
      await audit.record('password.reset-requested', actor, account);
      const token = await links.issue('password reset', { accountId: account.id });
      return keep(post, this.#resetMessage(token));
    });
  }

  /** A reset link and its account; undefined if the link is dead or the account is disabled. */
  async resetLink(token: string): Promise<{ readonly link: Link; readonly account: Account } | undefined> {
    const link = await this.#services.links.look('password reset', token);
    const account = link?.accountId ? await this.#services.accounts.find(link.accountId) : undefined;
    return link && account?.disabledAt === null ? { link, account } : undefined;
  }

  /**
   * Sets the new password by a reset link; false if the link was used meanwhile. Does not sign in, leaves the second factor
   * unchanged (ASVS 6.4.3), and ends every session. Resets the failure counts of the old password, so that the person can sign
   * in with the new one at once.
   */
  async reset(link: Link, account: Account, password: string, origin: Actor['origin']): Promise<boolean> {
    const { transaction, passwordHasher } = this.#services;
    const actor = { party: party(account), origin };
    const hash = await passwordHasher.hash(password, { lane: 'people', key: account.id });
    return transaction(
      this.#services,
      async ({ accounts, links, throttle, clients, audit, notices, keyring, clock }) => {
        if (!(await links.spend(link))) return false;
        await accounts.resetPassword(account.id, hash, clock());
        if (account.emailConfirmedAt === null) {
          await accounts.confirmEmail(account.id, account.email, clock());
        }
        await links.dropFor(account.id);
        const [here, anywhere] = passwordSubjects(account.email, origin, keyring);
        const failures = await throttle.forgive(here);
        await throttle.reset(anywhere);
        await clients.failures.giveBack(origin.address, failures);
        await audit.record('password.reset', actor);
        await notices.tell(account, 'password changed', actor);
        return true;
      },
    );
  }

  /** Changes the password, after the caller has checked the current one; returns the new session epoch. */
  async changePassword(account: Account, next: string, actor: Actor): Promise<number> {
    const { transaction, passwordHasher } = this.#services;
    const hash = await passwordHasher.hash(next, { lane: 'people', key: account.id });
    return transaction(this.#services, async ({ accounts, links, audit, notices }) => {
      const raised = await accounts.changePassword(account.id, hash);
      await links.dropFor(account.id);
      await audit.record('password.changed', actor);
      await notices.tell(account, 'password changed', actor);
      return raised;
    });
  }
}
