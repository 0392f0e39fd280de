import { Overloaded } from '../../../src/accounts/hashing-queue.ts';
import { StillWorking } from '../../../src/web/submitted-once.ts';
import type { Person } from '../../support/person.ts';
import type { Studio } from './studio.ts';

/** The page of every error, in each of its forms. */
export async function errors(studio: Studio): Promise<void> {
  const stranger = studio.browser();
  await studio.visits('error/not-found', stranger, '/no-such-page');
  await studio.visits('error/malformed', stranger, '/profile/two-factor/%E0');
  const account = await studio.account({ email: 'eve@example.org', name: 'Eve Error' });
  const eve = await studio.signsIn(account);
  await studio.visits('error/denied', eve, '/admin/people');
  await eve.visits('/profile/name');
  await sends(studio, 'error/stale', eve, { name: 'Eve' }, 'none');
  await sends(studio, 'error/too-large', eve, { name: 'x'.repeat(40_000) });
  const gone = eve.copy();
  gone.forgetsCookies();
  await sends(studio, 'error/no-cookie', gone, { name: 'Eve' });
  gone.cookies.set('postern', 's%3Anobody.signed');
  await sends(studio, 'error/ended', gone, { name: 'Eve' });
  const framed = eve.copy({ headers: { 'Sec-Fetch-Site': 'cross-site' } });
  await sends(studio, 'error/foreign', framed, { name: 'Eve' });
  await eve.goesOnFrom(await eve.submitsRaw('POST', '/profile', {}));
  await studio.keeps('error/method', eve);
  const program = eve.copy({ headers: { 'Content-Type': 'application/json' } });
  await sends(studio, 'error/media-type', program, { name: 'Eve' });
  await broken(studio, eve);
}

async function sends(
  studio: Studio,
  name: string,
  person: Person,
  fields: Readonly<Record<string, string>>,
  csrf = 'own',
): Promise<void> {
  const sender = person.copy();
  await sender.goesOnFrom(await sender.submitsRaw('POST', '/profile/name', fields, { csrf }));
  await studio.keeps(name, sender);
}

/** A bug, an unavailable dependency, and an overload. */
async function broken(studio: Studio, { cookies }: Person): Promise<void> {
  const { services } = studio;
  const fault = new Error('A fault, for the page that speaks of it.');
  const missing = { database: () => Promise.reject(new Error('The database is away.')) };
  for (const [name, error, parts] of [
    ['error/fault', fault, services.parts],
    ['error/down', fault, { ...services.parts, ...missing }],
    ['error/busy', new Overloaded(), services.parts],
    ['error/working', new StillWorking(), services.parts],
  ] as const) {
    const faulty = { ...services, signIns: failing(services.signIns, 'of', error), parts };
    const person = studio.browser({}, faulty);
    for (const [cookie, value] of cookies) person.cookies.set(cookie, value);
    await studio.visits(name, person, '/profile/sign-ins');
  }
}

/** The service, with one method that rejects. */
function failing<Service extends object>(service: Service, method: keyof Service, error: Error): Service {
  return new Proxy(service, {
    get(target, name) {
      if (name === method) return () => Promise.reject(error);
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
