import type { Authenticator } from '../two-factor/authenticator.ts';
import type { Account } from './account.ts';

/** Somebody as lists of people have them. */
export interface ListedPerson {
  readonly account: Account;
  /** Oldest first. */
  readonly authenticators: readonly Authenticator[];
  /** The names of the groups that they are in. */
  readonly groups: readonly string[];
}

export interface PeopleQuery {
  /** Part of a name or of an address; empty finds everyone. */
  readonly search: string;
  /** The members of this group alone. */
  readonly groupId?: string;
  readonly page: number;
  readonly pageSize: number;
}

export interface PeoplePage {
  readonly people: readonly ListedPerson[];
  readonly total: number;
  /** Whether there are more than that: not all are counted where there are very many. */
  readonly isMore: boolean;
}

/** Lists of people, each with what they have, a page or a batch by one statement. */
export interface People {
  /** By name. */
  search(query: PeopleQuery): Promise<PeoplePage>;
  /** Everybody, oldest account first; others are served in between. */
  inBatches(): AsyncIterable<readonly ListedPerson[]>;
}
