import type { Request } from 'express';
import type { Account } from '../../../accounts/account.ts';
import type { PersonSnapshot } from '../../../policy/snapshot.ts';
import { NotFound } from '../../../web/http-errors.ts';
import type { PageServices } from '../../page-services.ts';

/** The person with the id of the page's URL, read by one statement; throws NotFound. */
export async function knownPerson(
  { snapshots }: Pick<PageServices, 'snapshots'>,
  id: unknown,
): Promise<PersonSnapshot> {
  const { person } = await snapshots.read({ accountId: String(id), signInId: undefined });
  if (!person) throw new NotFound();
  return person;
}

/** The account in the URL; throws NotFound. */
export async function accountOf(
  { accounts }: Pick<PageServices, 'accounts'>,
  request: Request,
): Promise<Account> {
  const account = await accounts.find(String(request.params['id']));
  if (!account) throw new NotFound();
  return account;
}

/** The link back to the person's page. */
export function backToPerson({ account }: Pick<PersonSnapshot, 'account'>) {
  return { href: `/admin/people/${account.id}`, text: account.name };
}
