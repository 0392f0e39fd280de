import type { Account } from '../accounts/account.ts';
import type { Visitor } from './access.ts';
import type { HostApp } from './app.ts';

/** The claims about a person for an app: each value in its own header, "" if there is none. */
export interface Claims {
  /** `Remote-User`: the address or the account's id. */
  readonly user: string;
  /** `Remote-Email` */
  readonly email: string;
  /** `Remote-Name` */
  readonly name: string;
  /** `Remote-Groups`: the names of the person's groups, in their order, with commas between them. */
  readonly groups: string;
}

/** C0, DEL, C1, and the separators of lines and paragraphs: they would end a header, or a line in the app's log. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/gu;

/** The claims of a person in an app. Without control characters, and valid Unicode. */
export function claimsOf(
  { remoteUser }: Pick<HostApp, 'remoteUser'>,
  { account, groups }: Pick<Visitor, 'account' | 'groups'>,
): Claims {
  const email = identifier(account.email);
  return {
    user: remoteUser === 'id' ? identifier(account.id) : email,
    email,
    name: nameFor(account),
    groups: groups
      .map(({ name }) => name)
      .filter(isSafeGroup)
      .join(','),
  };
}

/** A person's name for an app: without control characters, and valid Unicode. */
export function nameFor({ name }: Pick<Account, 'name'>): string {
  return name.toWellFormed().replace(CONTROL, ' ').trim();
}

/** What names a person is sent as it is, or not at all: a changed one might be somebody else's. */
export function identifier(text: string): string {
  return isPlain(text) ? text : '';
}

/**
 * A name with a comma would read as two groups, of which one may be "admins"; one with a control character as another group's
 * name. Such a group is left out.
 */
export function isSafeGroup(name: string): boolean {
  return name !== '' && !name.includes(',') && isPlain(name) && name === name.trim();
}

function isPlain(text: string): boolean {
  return text.isWellFormed() && text.search(CONTROL) === -1;
}
