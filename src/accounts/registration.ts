import { type Actor, type Audit, party } from '../audit/audit.ts';
import type { AfterResponse } from '../kernel/after-response.ts';
import { newId } from '../kernel/identifiers.ts';
import type { Keyring } from '../kernel/keyring.ts';
import type { Clock } from '../kernel/time.ts';
import { bind, type Transact, type Transaction } from '../kernel/transaction.ts';
import type { ClientBudgets } from '../limits/client-budget.ts';
import { LINK_SENDING_RULE, type RateLimit } from '../limits/rate-limit.ts';
import type { ClaimedMail } from '../mail/mail.ts';
import type { Delivery, Mailer } from '../mail/mailer.ts';
import type { SettingsStore } from '../settings/settings.ts';
import type { Account, Role } from './account.ts';
import type { Accounts, NewAccount } from './accounts.ts';
import type { Administrators } from './administrators.ts';
import type { Asker } from './hashing-queue.ts';
import { LINK_LIFETIME, type Link, type LinkPurpose, type Links } from './links.ts';
import { mailboxKey } from './mailbox.ts';
import type { PasswordHasher } from './password-hasher.ts';
import { type MailPermission, permitMail } from './requested-mails.ts';
import { addressName, typist } from './typed-address.ts';

interface RegistrationServices {
  readonly accounts: Accounts;
  readonly administrators: Administrators;
  readonly links: Links;
  readonly rateLimit: RateLimit;
  readonly clients: Pick<ClientBudgets, 'signUps'>;
  readonly passwordHasher: PasswordHasher;
  readonly settings: SettingsStore;
  readonly post: Mailer;
  readonly background: AfterResponse;
  readonly audit: Audit;
  readonly keyring: Keyring;
  readonly transaction: Transact;
  /** Runs decisions over people one at a time, each in a transaction. */
  readonly policyLock: Transact;
  readonly clock: Clock;
}

export interface NewPerson {
  readonly email: string;
  readonly name: string;
  /** The language that the person reads, if known. */
  readonly language?: string;
}

/** An invited account: it has no password yet. */
export type Invitee = Pick<Account, 'id' | 'email' | 'name' | 'locale' | 'knownLanguage'>;

/** Creates accounts: the first administrator, invitations, sign-up with a confirmed email address. */
export class Registration {
  readonly #services: RegistrationServices;

  constructor(services: RegistrationServices) {
    this.#services = services;
  }

  in(tx: Transaction): Registration {
    return new Registration(bind(this.#services, tx));
  }

  /** The token of the one-time link for the first administrator; undefined if an account exists. */
  async setupToken(): Promise<string | undefined> {
    return (await this.#services.accounts.isEmpty()) ? this.#services.links.issue('setup', {}) : undefined;
  }

  /** The live link of this token; undefined if there is none, and for the set-up if an account exists. */
  async look(purpose: Exclude<LinkPurpose, 'password reset'>, token: string): Promise<Link | undefined> {
    const link = await this.#services.links.look(purpose, token);
    return purpose === 'setup' && !(await this.#services.accounts.isEmpty()) ? undefined : link;
  }

  /** Creates the first administrator; undefined if another request was faster. */
  async setUp(
    link: Link,
    siteName: string,
    person: NewPerson,
    password: string,
    origin: Actor['origin'],
  ): Promise<Account | undefined> {
    const { transaction } = this.#services;
    const reader = { ...person, ...readerOf(origin) };
    const hash = await this.#services.passwordHasher.hash(password, askerBy(link));
    const account = this.#newAccount(reader, 'administrator', hash);
    return transaction(this.#services, async ({ accounts, links, settings, audit }) => {
      // Counts at once: there is no other administrator who could object.
      if (!(await accounts.createFirst({ ...account, approvesFrom: account.createdAt }))) return undefined;
      await links.spend(link);
      await settings.change({ siteName });
      await audit.record('setup.completed', { party: party(account), origin });
      return accounts.find(account.id);
    });
  }

  /** Creates an account with a password; undefined if the address already has an account. For the command line. */
  async create(person: NewPerson, role: Role, password: string, actor: Actor): Promise<Account | undefined> {
    const account = this.#newAccount(person, role, await this.#services.passwordHasher.hash(password));
    return this.#transaction(role)(this.#services, async ({ accounts, audit }, tx) => {
      if (!(await this.in(tx).#create(account, actor))) return undefined;
      await audit.record('account.created', actor, account);
      return accounts.find(account.id);
    });
  }

  /** Creates an account without a password and mails a link to choose one; undefined if the address already has an account. */
  async invite(person: NewPerson, role: Role, actor: Actor): Promise<Delivery | undefined> {
    const account = this.#newAccount(person, role, null);
    const held = await this.#transaction(role)(this.#services, async (_, tx) => {
      const bound = this.in(tx);
      return (await bound.#create(account, actor)) ? bound.#holdInvitation(account, actor) : undefined;
    });
    return held && this.#services.post.deliver(held);
  }

  /** Mails an account without a password a new link. An earlier link no longer works. */
  async inviteAgain(account: Invitee, actor: Actor): Promise<Delivery> {
    return this.#services.post.deliver(await this.#holdInvitation(account, actor));
  }

  async #holdInvitation(account: Invitee, actor: Actor): Promise<ClaimedMail> {
    const { transaction } = this.#services;
    return transaction(this.#services, async ({ links, post, audit }) => {
      await audit.record('account.invited', actor, account);
      const token = await links.issue('invitation', { accountId: account.id });
      return post.claim(account, this.#message('invitation', token), actor);
    });
  }

  /** Sets the first password of an invited account and confirms its address; false if the link is used up. */
  async acceptInvitation(link: Link, password: string, origin: Actor['origin']): Promise<boolean> {
    const account = await this.#accountOf(link);
    if (!account) return false;
    const { transaction } = this.#services;
    const hash = await this.#services.passwordHasher.hash(password, askerBy(link));
    return transaction(this.#services, async ({ accounts, links, audit, clock }) => {
      if (!(await links.spend(link))) return false;
      await accounts.changePassword(account.id, hash);
      await accounts.confirmEmail(account.id, account.email, clock());
      await links.dropFor(account.id);
      await audit.record('account.created', { party: party(account), origin });
      return true;
    });
  }

  /** The account of an invitation; undefined if it no longer exists or is disabled. */
  async invited(link: Link): Promise<Account | undefined> {
    return this.#accountOf(link);
  }

  /**
   * Mails the address a link to create an account or, if it has an account, a notice that it has one. The result depends on the
   * rate limits only, which are the same for every address; the rest runs in the background (ASVS 6.3.8).
   */
  async signUp(person: NewPerson, origin: Actor['origin']): Promise<MailPermission> {
    const { accounts, transaction, audit, background, clients, keyring } = this.#services;
    const hasAccount = (await accounts.findByEmail(person.email)) !== undefined;
    const actor = { party: typist(person.email, hasAccount, keyring), origin };
    const subject = `sign-up:${addressName(mailboxKey(person.email), keyring)}`;
    const permission = await permitMail(this.#services, clients.signUps, subject, LINK_SENDING_RULE, actor);
    if (permission.kind !== 'granted') return permission;
    await audit.record('sign-up.requested', actor);
    const to = { ...person, id: null, locale: null, knownLanguage: null };
    background.start(async () => {
      const existing = await accounts.findByEmail(person.email);
      await transaction(this.#services, async ({ links, post }) => {
        // Also made for an address with an account, where it is not mailed: the work takes the same time.
        const token = await links.issue('sign-up', person);
        if (existing) await post.queue(existing, { kind: 'sign-up again' }, actor, origin);
        else await post.queue(to, this.#message('sign-up', token), actor, origin);
      });
    });
    return permission;
  }

  /** Creates the account of a confirmed sign-up; false if the link is used up or the address has an account by now. */
  async confirmSignUp(link: Link, password: string, origin: Actor['origin']): Promise<boolean> {
    const account = this.#newAccount(
      { email: link.email ?? '', name: link.name ?? '', ...readerOf(origin) },
      'member',
      await this.#services.passwordHasher.hash(password, askerBy(link)),
    );
    const { transaction } = this.#services;
    return transaction(this.#services, async ({ accounts, links, audit }) => {
      const confirmed = { ...account, emailConfirmedAt: account.createdAt };
      if (!(await links.spend(link)) || !(await accounts.create(confirmed))) return false;
      await audit.record('account.created', { party: party(account), origin });
      return true;
    });
  }

  /** A new administrator is a decision over people, and takes the lock. New members need not wait for each other. */
  #transaction(role: Role): Transact {
    const { transaction, policyLock } = this.#services;
    return role === 'administrator' ? policyLock : transaction;
  }

  /** False if the address has an account. Mails the other administrators about a new administrator. */
  async #create(account: NewAccount, actor: Actor): Promise<boolean> {
    const { accounts, administrators } = this.#services;
    if (account.role === 'member') return accounts.create(account);
    const approvesFrom = await administrators.approvesFrom(actor);
    if (!(await accounts.create({ ...account, approvesFrom }))) return false;
    await administrators.tell('administrator made', actor, account.email, [account]);
    return true;
  }

  #newAccount({ email, name, language }: NewPerson, role: Role, passwordHash: string | null) {
    const createdAt = this.#services.clock();
    const languages = { locale: null, knownLanguage: language ?? null };
    return { id: newId(createdAt), email, name, ...languages, passwordHash, role, createdAt };
  }

  async #accountOf(link: Link): Promise<Account | undefined> {
    const account = link.accountId === null ? undefined : await this.#services.accounts.find(link.accountId);
    return account?.disabledAt === null ? account : undefined;
  }

  #message(kind: 'invitation' | 'sign-up', token: string) {
    return { kind, token, expiresAt: this.#services.clock() + LINK_LIFETIME[kind] } as const;
  }
}

/** A live link puts its user into the lane of known people. */
function askerBy({ id }: Link): Asker {
  return { lane: 'people', key: id };
}

/** The language of the page on which a person creates their own account. */
function readerOf({ language }: Actor['origin']): Pick<NewPerson, 'language'> {
  return language === undefined ? {} : { language };
}
