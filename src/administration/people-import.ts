import type { Account, Role } from '../accounts/account.ts';
import type { Accounts, NewAccount, NewMember } from '../accounts/accounts.ts';
import type { Administrators } from '../accounts/administrators.ts';
import type { Links } from '../accounts/links.ts';
import type { Invitee, Registration } from '../accounts/registration.ts';
import type { Actor, Audit } from '../audit/audit.ts';
import type { AfterResponse } from '../kernel/after-response.ts';
import { emailKey } from '../kernel/email-address.ts';
import { newId } from '../kernel/identifiers.ts';
import type { Clock } from '../kernel/time.ts';
import type { Transact } from '../kernel/transaction.ts';

interface PeopleImportServices {
  readonly accounts: Accounts;
  readonly administrators: Administrators;
  readonly links: Links;
  readonly registration: Registration;
  readonly background: AfterResponse;
  readonly audit: Audit;
  /** Runs decisions over people one at a time, each in a transaction. */
  readonly policyLock: Transact;
  readonly clock: Clock;
}

/** A person to import. */
export interface ImportedPerson {
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  /** A hash that `readHash` can read; null: the person chooses a password by an invitation. */
  readonly passwordHash: string | null;
  readonly groupIds: readonly string[];
  /** The language that the person reads; null if the file does not say. */
  readonly language: string | null;
}

/** Called with the number of people that are done. */
export type Progress = (done: number) => void;

export interface Invitations {
  readonly sent: number;
  /** The mail server does not accept them now. They stay in the queue, and are sent later. */
  readonly waiting: number;
  /** The mail server refused them for good. Their links are dropped, so that the next import tries again. */
  readonly refused: number;
}

const BATCH = 200;

/**
 * Creates accounts for many people. An interrupted import can be repeated with the same people: existing accounts are not
 * changed, and an open invitation is not sent again.
 */
export class PeopleImport {
  readonly #services: PeopleImportServices;

  constructor(services: PeopleImportServices) {
    this.#services = services;
  }

  /** The existing accounts of these addresses, by `emailKey`. */
  async existing(emails: readonly string[]): Promise<ReadonlyMap<string, Account>> {
    const found = new Map<string, Account>();
    for (const batch of batchesOf(emails)) {
      for (const account of await this.#services.accounts.findByEmails(batch)) {
        found.set(emailKey(account.email), account);
      }
    }
    return found;
  }

  /** Creates accounts, each batch all or nothing; returns the created ones. Addresses that have an account by now are skipped. */
  async create(
    people: readonly ImportedPerson[],
    actor: Actor,
    progress: Progress = () => {},
  ): Promise<readonly NewAccount[]> {
    const created: NewAccount[] = [];
    let done = 0;
    for (const batch of batchesOf(people)) {
      created.push(...(await this.#createBatch(batch, actor)));
      done += batch.length;
      progress(done);
    }
    return created;
  }

  async #createBatch(people: readonly ImportedPerson[], actor: Actor): Promise<readonly NewAccount[]> {
    const { policyLock } = this.#services;
    const batch = people.map((person) => this.#accountFor(person));
    return policyLock(this.#services, async ({ accounts, administrators, audit }) => {
      const approvesFrom = await administrators.approvesFrom(actor);
      const ids = await accounts.createMany(batch.map((one) => ({ ...one, approvesFrom })));
      const fresh = batch.filter(({ id }) => ids.has(id));
      await audit.recordEach('account.imported', actor, fresh);
      const made = fresh.filter(({ role }) => role === 'administrator');
      // One mail per batch: a file with many administrators must not send each existing one a mail per new one.
      const names = made.map(({ email }) => email).join(', ');
      if (made.length > 0) await administrators.tell('administrator made', actor, names, made);
      return fresh;
    });
  }

  /** Mails an invitation to each person without an open one. */
  async invite(
    people: readonly Invitee[],
    actor: Actor,
    progress: Progress = () => {},
  ): Promise<Invitations> {
    const { links, registration } = this.#services;
    const outcome = { sent: 0, waiting: 0, refused: 0 };
    for (const [index, person] of people.entries()) {
      if (!(await links.isOpen('invitation', person.id))) {
        const delivery = await registration.inviteAgain(person, actor);
        if (delivery === 'refused') await links.dropFor(person.id);
        outcome[delivery === 'accepted' ? 'sent' : delivery] += 1;
      }
      progress(index + 1);
    }
    return outcome;
  }

  /** Like `invite`, in the background: a page must not wait for hundreds of mails. */
  inviteInBackground(people: readonly Invitee[], actor: Actor): void {
    this.#services.background.start(async () => {
      await this.invite(people, actor);
    });
  }

  #accountFor({ language, ...person }: ImportedPerson): NewMember {
    const createdAt = this.#services.clock();
    return { id: newId(createdAt), ...person, locale: null, knownLanguage: language, createdAt };
  }
}

function* batchesOf<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < all.length; start += BATCH) yield all.slice(start, start + BATCH);
}
