import type { Account } from '../accounts/account.ts';
import type { Authenticator } from '../two-factor/authenticator.ts';

/** A person in a list of people. */
export interface ListedPerson {
  readonly account: Account;
  /** Oldest first. */
  readonly authenticators: readonly Authenticator[];
  /** Names of the person's groups. */
  readonly groups: readonly string[];
}

export interface PeopleQuery {
  /** Part of a name or of an address; "": everybody. */
  readonly search: string;
  /** Only members of this group. */
  readonly groupId?: string;
  readonly page: number;
  readonly pageSize: number;
}

export interface PeoplePage {
  readonly people: readonly ListedPerson[];
  readonly total: number;
  /** Whether there are more than `total`: in a very large result not all are counted. */
  readonly isMore: boolean;
}

/** Lists of people with their authenticators and groups. One statement per page or batch. */
export interface People {
  /** One page, ordered by name. */
  search(query: PeopleQuery): Promise<PeoplePage>;
  /** Everybody, oldest account first. Other requests are served between two batches. */
  inBatches(): AsyncIterable<readonly ListedPerson[]>;
}
