import { PasswordHasher } from '../../src/accounts/password-hasher.ts';
import { readConfig } from '../../src/boot/config.ts';
import { createLogger } from '../../src/boot/logging.ts';
import { newId } from '../../src/kernel/identifiers.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { composePortal } from '../../src/portal.ts';
import { PASSWORD, type Somebody, somebody } from './somebody.ts';

/** Fills the database of this environment with this many people, each with an app. */
export async function makePeople(environment: NodeJS.ProcessEnv, count: number): Promise<Somebody[]> {
  const outcome = readConfig(environment);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.faults));
  const portal = await composePortal(outcome.config, {
    clock: Date.now,
    random: systemRandom,
    logger: createLogger('error'),
  });
  await portal.migrate();
  const { accounts, authenticators, keyring } = portal.services;
  // One hash is enough for all: it is checked like any other.
  const passwordHash = await new PasswordHasher().hash(PASSWORD);
  const createdAt = Date.now();
  const people = Array.from({ length: count }, (_, number) => ({
    ...somebody(number),
    id: newId(createdAt),
  }));
  for (let first = 0; first < count; first += 500) {
    await accounts.createMany(
      people.slice(first, first + 500).map(({ id, email }) => ({
        ...{
          id,
          email,
          name: 'Some Body',
          locale: null,
          knownLanguage: null,
          passwordHash,
          role: 'member',
          createdAt,
        },
        groupIds: [],
      })),
    );
  }
  for (const { id, email, secret } of people) {
    const data = { secret: keyring.seal(secret, `app:${id}`), label: email };
    const whose = { id: newId(createdAt), accountId: id, createdAt };
    await authenticators.create({ ...whose, method: 'app', name: 'Phone', data });
  }
  await portal.close();
  return people;
}
