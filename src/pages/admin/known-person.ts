import type { PersonFacts } from '../../accounts/standings.ts';
import { NotFound } from '../../web/refusals.ts';
import type { PageServices } from '../page-services.ts';

/** What is kept of somebody whom the page is about, by the id in its URL; by one statement. */
export async function knownPerson({ standings }: PageServices, id: unknown): Promise<PersonFacts> {
  const { person } = await standings.read({ accountId: String(id), signInId: undefined });
  if (!person) throw new NotFound();
  return person;
}
