import type { Atomically } from '../atomically.ts';
import { type Actor, type Audit, party } from '../audit/audit.ts';
import { newId } from '../identifiers.ts';
import type { Background } from '../post/background.ts';
import type { Clock } from '../time.ts';
import { type Account, emailKey, type Role } from './account.ts';
import type { Accounts, NewAccount, NewMember } from './accounts.ts';
import type { Links } from './links.ts';
import type { Invitee, Registration } from './registration.ts';

interface PeopleImportServices {
  readonly accounts: Accounts;
  readonly links: Links;
  readonly registration: Registration;
  readonly background: Background;
  readonly audit: Audit;
  /** Runs what decides over people: never two at once. */
  readonly deciding: Atomically;
  readonly clock: Clock;
}

/** Somebody who is to get an account. */
export interface ImportedPerson {
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  /** A hash that `readHash` knows; null for who will choose a password by an invitation. */
  readonly passwordHash: string | null;
  readonly groupIds: readonly string[];
}

/** Hears, now and then, how far it is: so many of all. */
export type Progress = (done: number) => void;

export interface Invitations {
  readonly sent: number;
  /** The mail server does not take them now: they are kept, and go out when it does. */
  readonly waiting: number;
  /** The mail server will not take them: as if never made, so that the next import tries again. */
  readonly refused: number;
}

const BATCH = 200;

/**
 * Gives many people accounts at once. Broken off, it is made again with the same people: whoever has an account is
 * left alone, and who has an invitation that is open gets no second one.
 */
export class PeopleImport {
  readonly #services: PeopleImportServices;

  constructor(services: PeopleImportServices) {
    this.#services = services;
  }

  /** The accounts that these addresses have already, by `emailKey`. */
  async existing(emails: readonly string[]): Promise<ReadonlyMap<string, Account>> {
    const found = new Map<string, Account>();
    for (const batch of batchesOf(emails)) {
      for (const account of await this.#services.accounts.findByEmails(batch)) {
        found.set(emailKey(account.email), account);
      }
    }
    return found;
  }

  /** Creates accounts, each batch whole or not at all; returns those that nobody else created meanwhile. */
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
    const { accounts, audit, deciding } = this.#services;
    const batch = people.map((person) => this.#accountFor(person));
    return deciding(async () => {
      const ids = await accounts.createMany(batch);
      const fresh = batch.filter(({ id }) => ids.has(id));
      await audit.recordEach('account.imported', actor, fresh.map(party));
      return fresh;
    });
  }

  /** Mails an invitation to each who has none that is open. */
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

  /** The same for a page, which does not wait for a mail server and hundreds of mails. */
  inviteInBackground(people: readonly Invitee[], actor: Actor): void {
    this.#services.background.start(async () => {
      await this.invite(people, actor);
    });
  }

  #accountFor({ email, name, role, passwordHash, groupIds }: ImportedPerson): NewMember {
    const createdAt = this.#services.clock();
    return { id: newId(createdAt), email, name, locale: null, passwordHash, role, createdAt, groupIds };
  }
}

function* batchesOf<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < all.length; start += BATCH) yield all.slice(start, start + BATCH);
}
