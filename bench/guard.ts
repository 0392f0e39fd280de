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
import { type Serving, serve } from './processes.ts';
import { expect } from './subjects.ts';

const CLIENTS = 8;
const RUNS = 15;
const CHECKS = 4000;
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

  const run = async (server: Serving, work: () => Promise<unknown>) => {
    const before = server.processorTime();
    const { rate } = await closedLoop(new Array(CHECKS).fill(0), CLIENTS, work);
    return { rate, time: (server.processorTime() - before) / CHECKS };
  };
  // Until V8 has optimized both.
  for (let done = 0; done < 4; done += 1) await Promise.all([run(portal, check), run(bare, row)]);
  const runs: { own: Measured; least: Measured }[] = [];
  for (let done = 0; done < RUNS; done += 1) {
    runs.push({ own: await run(portal, check), least: await run(bare, row) });
  }
  compare('forward-auth check', runs, say);

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

/** `rate`: per second; `time`: the server's processor time for each request, in microseconds. */
interface Measured {
  readonly rate: number;
  readonly time: number;
}

/** The rate is what counts; the processor time does not depend on what else runs on the machine. */
function compare(
  name: string,
  runs: readonly { readonly own: Measured; readonly least: Measured }[],
  say: (line: string) => void,
): void {
  const middle = (value: (run: (typeof runs)[number]) => number) => median(runs.map(value));
  const rates = [middle(({ own }) => own.rate), middle(({ least }) => least.rate)];
  const times = [middle(({ own }) => own.time), middle(({ least }) => least.time)];
  const rate = middle(({ own, least }) => own.rate / least.rate).toFixed(2);
  const time = middle(({ own, least }) => least.time / own.time).toFixed(2);
  say(`${name}: ${rates.map(Math.round).join('/s, bare handler ')}/s; ratio ${rate} (wanted: 0.5)`);
  say(`${name}: ${times.map(Math.round).join(' µs of a processor, bare handler ')} µs; ratio ${time}`);
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
