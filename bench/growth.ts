import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../test/support/free-port.ts';

import { makePeople } from '../test/support/many-people.ts';
import { postgres, redis } from '../test/support/servers.ts';
import { startCommand } from '../test/support/start-command.ts';
import { median } from '../test/support/timing.ts';
import { Client, type Cookies } from './http.ts';
import { endAll, serve } from './processes.ts';
import { expect, subject } from './subjects.ts';

/**
 * Times of pages with a thousand accounts in PostgreSQL, and with a million accounts, one and a half million authenticators and
 * ten million audit entries: `npm run bench:growth`. Creating a million takes some minutes, and 10 GB in the temporary folder.
 */

const FEW = 1000;
const MANY = Number(process.argv[2] ?? 1_000_000);
const EVENTS_EACH = 10;
const ASKED = 25;
/** An account in the middle of the first thousand. */
const SOMEBODY = 500;

const PAGES: Readonly<Record<string, string>> = {
  'sign-in page': '/sign-in',
  home: '/',
  'Your 2FA': '/profile/two-factor',
  people: '/admin/people',
  'people, searched for an address': `/admin/people?search=seed${SOMEBODY}%40example.net`,
  'people, searched for a name': `/admin/people?search=Person+${SOMEBODY}`,
  person: `/admin/people/${idOf(SOMEBODY)}`,
  'audit log': '/admin/audit',
  'audit log of one person': `/admin/audit?person=seed${SOMEBODY}%40example.net`,
  'audit log of one event': '/admin/audit?event=sign-in.completed',
  adoption: '/admin/adoption',
};

const folder = mkdtempSync(join(tmpdir(), 'postern-growth-'));
process.on('exit', () => {
  endAll();
  rmSync(folder, { recursive: true, force: true });
});
const [database, sessions] = [await postgres(), await redis()];
const environment = {
  ...{ HOST: '127.0.0.1', DATA_DIR: folder, LOG_LEVEL: 'warn' },
  ...{ DATABASE_URL: database.url, REDIS_URL: sessions.url },
};
const people = await makePeople(environment, 2 + 2 * ASKED);
const db = new pg.Client({ connectionString: database.url });
await db.connect();
await db.query(`update accounts set role = 'administrator' where email = 'person0@example.org'`);
const port = await freePort();
const start = startCommand();
const portal = await serve(start.args, port, { ...environment, ...start.environment }, '/healthz');
const site = subject(new Client(port, 1), '_csrf');
const [administrator, ...others] = people;
if (!administrator) throw new Error('There is nobody.');
const cookies = await site.giveCode(await site.givePassword(administrator));

await seed(1, FEW);
const few = await measure(cookies);
const began = performance.now();
await seed(FEW + 1, MANY);
process.stdout.write(`${MANY} accounts in ${Math.round((performance.now() - began) / 1000)} s\n`);
const many = await measure(cookies);
for (const [page, before] of few) {
  const after = many.get(page) ?? Number.NaN;
  process.stdout.write(
    `${page}: ${before.toFixed(1)} ms, then ${after.toFixed(1)} ms; ${(after / before).toFixed(2)} times\n`,
  );
}
await portal.stop();
await db.end();
process.exit();

/** The median time of each page, in milliseconds, after a first request that is not counted. */
async function measure(cookies: Cookies): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number>();
  for (const [name, path] of Object.entries(PAGES)) {
    times.set(
      name,
      await medianOf(async () => {
        expect(200, await site.client.get(path, path === '/sign-in' ? undefined : cookies));
      }),
    );
  }
  const theirs = others.splice(0, ASKED + 1).values();
  times.set(
    'whole sign-in',
    await medianOf(async () => {
      const { value } = theirs.next();
      if (value) await site.giveCode(await site.givePassword(value));
    }),
  );
  return times;
}

async function medianOf(work: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  await work();
  for (let asked = 0; asked < ASKED; asked += 1) {
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  return median(times);
}

/** Inserts accounts with these numbers, two authenticators for three of four accounts, and audit entries for each. */
async function seed(first: number, last: number): Promise<void> {
  const of = `generate_series(${first}, ${last}) as n`;
  const id = (prefix: string) => `'${prefix}' || lpad(n::text, 22, '0')`;
  await db.query(`
    insert into accounts (id, email, email_key, name, name_key, password_hash, role, created_at)
    select ${id('seed')}, 'seed' || n || '@example.net', 'seed' || n || '@example.net',
      'Some Person ' || n, 'some person ' || n, 'none', 'member', 1700000000000 + n from ${of}`);
  for (const method of ['app', 'email']) {
    await db.query(`
      insert into authenticators (id, account_id, method, name, name_key, data, created_at)
      select ${id(`${method.slice(0, 3)}a`)}, ${id('seed')}, '${method}', 'Mine', '${method}', '{}', 1700000000000 + n
      from ${of} where n % 4 <> 0`);
  }
  await db.query(`
    insert into audit_events (id, at, event, actor_id, actor_label, subject_id, subject_label, people_key, address,
      browser, request_id, detail)
    select 'a' || lpad((n::bigint * 10 + e)::text, 25, '0'), 1700000000000 + n::bigint * 1000 + e,
      (array['sign-in.password-accepted', 'sign-in.password-refused', 'sign-in.completed'])[1 + e % 3],
      ${id('seed')}, 'seed' || n || '@example.net', ${id('seed')}, 'seed' || n || '@example.net',
      'seed' || n || '@example.net', '192.0.2.' || n % 256, 'Firefox, Linux', 'request', '{}'
    from ${of}, generate_series(1, ${EVENTS_EACH}) as e`);
  await db.query('vacuum analyze');
}

function idOf(number: number): string {
  return `seed${String(number).padStart(22, '0')}`;
}
