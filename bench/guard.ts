import { readConfig } from '../src/boot/config.ts';
import { createLogger } from '../src/boot/logging.ts';
import { hashToken, newToken } from '../src/kernel/identifiers.ts';
import { systemRandom } from '../src/kernel/random.ts';
import { composePortal } from '../src/portal.ts';
import { freePort } from '../test/support/free-port.ts';
import { makePeople } from '../test/support/many-people.ts';
import { startCommand } from '../test/support/start-command.ts';
import { median, percentile } from '../test/support/timing.ts';
import { Client, Cookies } from './http.ts';
import { closedLoop } from './load.ts';
import { serve } from './processes.ts';
import { expect } from './subjects.ts';

const CLIENTS = 8;
const RUNS = 5;
const CHECKS = 10_000;
const ALONE = 5000;
const MEMORY_CHECKS = 200_000;

const HOST = 'wiki.localhost';
const HEADERS = {
  'x-forwarded-method': 'GET',
  'x-forwarded-proto': 'http',
  'x-forwarded-host': HOST,
  'x-forwarded-uri': '/page?a=b',
};

/**
 * Measures the checks of forward-auth beside the minimum (`bench/twin/bare.ts`): their rate, the time of a single one over its
 * connection, and the memory of the process.
 *
 * @param folder an empty folder for the database
 */
export async function measureGuard(folder: string, say: (line: string) => void): Promise<void> {
  const environment = {
    ...{ HOST: '127.0.0.1', DATA_DIR: folder, LOG_LEVEL: 'warn', GUARD_PROXIES: '127.0.0.1' },
    BASE_URL: 'http://localhost:3000',
  };
  const cookie = await appCookie(environment);
  const start = startCommand();
  const variables = { ...environment, ...start.environment };
  const portal = await serve(start.args, await freePort(), variables, '/healthz');
  const bare = await serve(
    ['bench/twin/bare.ts'],
    await freePort(),
    { COOKIE: cookie, TWIN_DIR: folder },
    '/ready',
  );

  const own = new Client(portal.port, CLIENTS);
  const least = new Client(bare.port, CLIENTS);
  const check = async () => expect(200, await own.get('/guard/forward-auth', cookies, HEADERS));
  const row = async () => expect(200, await least.get('/', cookies, HEADERS));
  const cookies = new Cookies();
  cookies.keep({ 'set-cookie': [`postern-app=${cookie}`] });

  const run = async (work: () => Promise<unknown>) =>
    (await closedLoop(new Array(CHECKS).fill(0), CLIENTS, work)).rate;
  await Promise.all([run(check), run(row)]);
  const rates: { own: number; least: number }[] = [];
  for (let done = 0; done < RUNS; done += 1) rates.push({ own: await run(check), least: await run(row) });
  const ratio = median(rates.map((rate) => rate.own / rate.least)).toFixed(2);
  const [ours, theirs] = [median(rates.map((rate) => rate.own)), median(rates.map((rate) => rate.least))];
  say(
    `forward-auth check: ${Math.round(ours)}/s, bare handler ${Math.round(theirs)}/s; ratio ${ratio} (wanted: 0.5)`,
  );

  const alone = await closedLoop(new Array(ALONE).fill(0), 1, check);
  const p50 = percentile(alone.latencies, 0.5).toFixed(2);
  const p99 = percentile(alone.latencies, 0.99).toFixed(2);
  say(
    `one check alone, with its way over the connection: p50 ${p50} ms, p99 ${p99} ms (wanted: p50 under 1 ms)`,
  );

  const quarters: number[] = [];
  for (let quarter = 0; quarter < 4; quarter += 1) {
    await closedLoop(new Array(MEMORY_CHECKS / 4).fill(0), CLIENTS, check);
    quarters.push(Math.round(portal.memory()));
  }
  say(`memory after each quarter of ${MEMORY_CHECKS} checks: ${quarters.join(', ')} MB (wanted: no growth)`);
  await Promise.all([portal.stop(), bare.stop()]);
}

/** Makes a person, an app and a sign-in to it; returns the value of its cookie. */
async function appCookie(environment: NodeJS.ProcessEnv): Promise<string> {
  const [somebody] = await makePeople(environment, 1000);
  const outcome = readConfig(environment);
  if (!outcome.ok || !somebody) throw new Error(JSON.stringify(outcome));
  const portal = await composePortal(outcome.config, {
    ...{ clock: Date.now, random: systemRandom },
    logger: createLogger('error'),
  });
  const { accounts, apps, signIns, handOvers } = portal.services;
  const account = await accounts.findByEmail(somebody.email);
  if (!account) throw new Error('There is nobody.');
  const origin = { requestId: 'bench', address: '', browser: '' };
  const actor = { party: { id: null, label: 'bench' }, origin };
  const open = {
    audience: 'everybody',
    proof: 'second step',
    freshMinutes: null,
    confirmsEmail: false,
  } as const;
  const input = {
    ...open,
    name: 'Wiki',
    origin: `http://${HOST}`,
    kind: 'host',
    remoteUser: 'email',
  } as const;
  const created = await apps.create(input, actor);
  if (created.kind !== 'created') throw new Error(created.fault);
  const proven = (['password', 'app'] as const).map((factor) => ({ factor, at: Date.now() }));
  const signInId = await signIns.begin(account, origin, proven);
  const nonce = newToken();
  const bound = { signInId, accountId: account.id, nonceHash: hashToken(nonce), path: '/' };
  const code = await handOvers.issue({ ...bound, app: created.app });
  const redeemed = await handOvers.redeem({ code, host: HOST, nonces: [nonce] }, origin);
  await portal.close();
  if (redeemed.kind !== 'signed in') throw new Error(redeemed.kind);
  return redeemed.cookie;
}
