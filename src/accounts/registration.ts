import type { Atomically } from '../atomically.ts';
import { type Actor, type Audit, party } from '../audit/audit.ts';
import { newId } from '../identifiers.ts';
import { type Allowance, LINK_SENDING_RULE, type Permission } from '../limits/allowance.ts';
import type { Background } from '../post/background.ts';
import type { ClaimedMail } from '../post/mail.ts';
import type { Delivery, Post } from '../post/post.ts';
import type { SettingsStore } from '../settings/settings.ts';
import type { Clock } from '../time.ts';
import { type Account, emailKey, type Role } from './account.ts';
import type { Accounts } from './accounts.ts';
import { LINK_LIFETIME, type Link, type LinkPurpose, type Links } from './links.ts';
import { hashPassword } from './passwords.ts';

interface RegistrationServices {
  readonly accounts: Accounts;
  readonly links: Links;
  readonly allowance: Allowance;
  readonly settings: SettingsStore;
  readonly post: Post;
  readonly background: Background;
  readonly audit: Audit;
  readonly atomically: Atomically;
  readonly clock: Clock;
}

export interface NewPerson {
  readonly email: string;
  readonly name: string;
}

/** Who is invited: an account without a password. */
export type Invitee = Pick<Account, 'id' | 'email' | 'name' | 'locale'>;

/** How accounts come to be: the first administrator, invitations, sign-up with a confirmed e-mail address. */
export class Registration {
  readonly #services: RegistrationServices;

  constructor(services: RegistrationServices) {
    this.#services = services;
  }

  /** The one-time link for the first administrator; undefined when there is an account already. */
  async setupToken(): Promise<string | undefined> {
    return (await this.#services.accounts.isEmpty()) ? this.#services.links.issue('setup', {}) : undefined;
  }

  /** The link that this token opens, while it is live and (for the set-up) while nobody has an account. */
  async look(purpose: Exclude<LinkPurpose, 'password reset'>, token: string): Promise<Link | undefined> {
    const link = await this.#services.links.look(purpose, token);
    return purpose === 'setup' && !(await this.#services.accounts.isEmpty()) ? undefined : link;
  }

  /** Creates the first administrator; undefined when somebody was quicker. */
  async setUp(
    link: Link,
    siteName: string,
    person: NewPerson,
    password: string,
    origin: Actor['origin'],
  ): Promise<Account | undefined> {
    const { accounts, links, settings, audit, atomically } = this.#services;
    const account = this.#newAccount(person, 'administrator', await hashPassword(password));
    return atomically(async () => {
      if (!(await accounts.createFirst(account))) return undefined;
      await links.spend(link);
      await settings.change({ siteName });
      await audit.record('setup.completed', origin, party(account));
      return accounts.find(account.id);
    });
  }

  /** Creates an account with a password; undefined when the address has one. For the command line. */
  async create(person: NewPerson, role: Role, password: string, actor: Actor): Promise<Account | undefined> {
    const { accounts, atomically } = this.#services;
    const account = this.#newAccount(person, role, await hashPassword(password));
    return atomically(async () => {
      if (!(await accounts.create(account))) return undefined;
      await this.#record('account.created', actor, account);
      return accounts.find(account.id);
    });
  }

  /** Creates an account without a password and mails the link to choose one; undefined when the address has one. */
  async invite(person: NewPerson, role: Role, actor: Actor): Promise<Delivery | undefined> {
    const { accounts, post, atomically } = this.#services;
    const account = this.#newAccount(person, role, null);
    const held = await atomically(async () =>
      (await accounts.create(account)) ? this.#holdInvitation(account, actor) : undefined,
    );
    return held && post.deliver(held);
  }

  /** Mails the link to an account without a password, perhaps once more; an earlier one is dead. */
  async inviteAgain(account: Invitee, actor: Actor): Promise<Delivery> {
    return this.#services.post.deliver(await this.#holdInvitation(account, actor));
  }

  async #holdInvitation(account: Invitee, actor: Actor): Promise<ClaimedMail> {
    const { links, post, atomically } = this.#services;
    return atomically(async () => {
      await this.#record('account.invited', actor, account);
      const token = await links.issue('invitation', { accountId: account.id });
      return post.hold(account, this.#message('invitation', token));
    });
  }

  /** Sets the first password of an invited account, which also confirms its address; false for a used-up link. */
  async acceptInvitation(link: Link, password: string, origin: Actor['origin']): Promise<boolean> {
    const account = await this.#accountOf(link);
    if (!account) return false;
    const { accounts, links, atomically } = this.#services;
    const hash = await hashPassword(password);
    return atomically(async () => {
      if (!(await links.spend(link))) return false;
      await accounts.changePassword(account.id, hash);
      await links.dropFor(account.id);
      await this.#record('account.created', { party: party(account), origin }, account);
      return true;
    });
  }

  /** Whom an invitation is for; undefined when the account is gone or disabled. */
  async invited(link: Link): Promise<Account | undefined> {
    return this.#accountOf(link);
  }

  /**
   * A stranger asks for an account: the address gets a mail with a link, or, where it has an account, one that says so.
   * The caller learns of the limit alone, which counts for every address, and waits for nothing else (ASVS 6.3.8).
   */
  async signUp(person: NewPerson, locale: string): Promise<Permission> {
    const subject = `links:${emailKey(person.email)}`;
    const permission = await this.#services.allowance.take(subject, LINK_SENDING_RULE);
    if (permission.kind === 'wait') return permission;
    this.#services.background.start(async () => {
      const existing = await this.#services.accounts.findByEmail(person.email);
      if (existing) {
        await this.#services.post.queue(existing, { kind: 'sign-up again' });
        return;
      }
      await this.#services.atomically(async () => {
        const token = await this.#services.links.issue('sign-up', person);
        await this.#services.post.queue({ ...person, id: null, locale }, this.#message('sign-up', token));
      });
    });
    return permission;
  }

  /** Creates the account of a confirmed sign-up; false for a used-up link or an address that has an account by now. */
  async confirmSignUp(link: Link, password: string, origin: Actor['origin']): Promise<boolean> {
    const account = this.#newAccount(
      { email: link.email ?? '', name: link.name ?? '' },
      'member',
      await hashPassword(password),
    );
    const { accounts, links, atomically } = this.#services;
    return atomically(async () => {
      if (!(await links.spend(link)) || !(await accounts.create(account))) return false;
      await this.#record('account.created', { party: party(account), origin }, account);
      return true;
    });
  }

  #newAccount({ email, name }: NewPerson, role: Role, passwordHash: string | null) {
    const createdAt = this.#services.clock();
    return { id: newId(createdAt), email, name, locale: null, passwordHash, role, createdAt };
  }

  async #accountOf(link: Link): Promise<Account | undefined> {
    const account = link.accountId === null ? undefined : await this.#services.accounts.find(link.accountId);
    return account?.disabledAt === null ? account : undefined;
  }

  #message(kind: 'invitation' | 'sign-up', token: string) {
    return { kind, token, expiresAt: this.#services.clock() + LINK_LIFETIME[kind] } as const;
  }

  async #record(
    event: 'account.created' | 'account.invited',
    actor: Actor,
    account: Pick<Account, 'id' | 'email'>,
  ): Promise<void> {
    await this.#services.audit.record(event, actor.origin, actor.party, party(account));
  }
}
