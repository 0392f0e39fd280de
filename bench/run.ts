import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { earlyInStep } from '../test/support/authenticator-app.ts';
import { freePort } from '../test/support/free-port.ts';
import { makePeople } from '../test/support/many-people.ts';
import { redis } from '../test/support/servers.ts';
import { startCommand } from '../test/support/start-command.ts';
import { median, percentile } from '../test/support/timing.ts';
import { measureGuard } from './guard.ts';
import { Client, Cookies } from './http.ts';
import { closedLoop, type Run } from './load.ts';
import { addOpenIdApp, codeFlow } from './open-id.ts';
import { endAll, type Serving, serve } from './processes.ts';
import { expect, type Subject, subject } from './subjects.ts';

/**
 * Measures the portal and its twin (`bench/twin`: the same stack and the same work without anything else) in one run with the
 * same Redis, and prints ratios, because absolute figures differ by machine and day. docs/performance.md has the results.
 */

const CLIENTS = 8;
const RUNS = 5;
const PAGES = 3000;
const SECOND_STEPS = 400;
const SIGN_INS = 120;
const CODE_FLOWS = 300;
const MEMORY_REQUESTS = 100_000;
/** A person's code can be used once in 30 seconds, so every measurement has its own people. */
const PEOPLE = 1 + RUNS * (2 * SECOND_STEPS + SIGN_INS) + 4 * SIGN_INS + CLIENTS;

const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'));
process.on('exit', () => {
  endAll();
  rmSync(folder, { recursive: true, force: true });
});

const { url } = await redis();
const environment = { HOST: '127.0.0.1', DATA_DIR: folder, REDIS_URL: url, LOG_LEVEL: 'warn' };
const machine = `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
say(`Node ${process.version} on ${machine}`);
const people = await makePeople(environment, PEOPLE);
let taken = 0;

// The first start writes the compile cache; starts from the third on use it.
for (let earlier = 0; earlier < 2; earlier += 1) await (await startPortal(environment, '/healthz')).stop();
const portal = await startPortal(environment, '/healthz');
const twinFolder = mkdtempSync(join(folder, 'twin-'));
const twin = await serve(
  ['bench/twin/twin.ts'],
  await freePort(),
  { REDIS_URL: url, TWIN_DIR: twinFolder, PEOPLE: String(PEOPLE) },
  '/sign-in',
);
const own = subject(clientOf(portal), '_csrf');
const least = subject(clientOf(twin), 'csrf');

const MEASUREMENTS: Readonly<Record<string, () => Promise<void>>> = {
  start: measureStart,
  pages: comparePages,
  'second-steps': compareSecondSteps,
  'sign-ins': compareSignIns,
  latency: watchSignInPage,
  memory: watchMemory,
  'open-id': measureOpenId,
  guard: () => measureGuard(mkdtempSync(join(folder, 'guard-')), say),
};
const wanted = process.argv.slice(2);
for (const [name, measure] of Object.entries(MEASUREMENTS)) {
  if (wanted.length === 0 || wanted.includes(name)) await measure();
}
await Promise.all([portal, twin].map((one) => one.stop()));
process.exit();

async function measureStart(): Promise<void> {
  const dataDir = join(folder, 'start');
  const times: number[] = [];
  for (let run = 0; run <= RUNS; run += 1) {
    const server = await startPortal({ ...environment, DATA_DIR: dataDir, REDIS_URL: undefined }, '/sign-in');
    times.push(server.startedIn);
    await server.stop();
  }
  const [first = Number.NaN, ...later] = times;
  say(`memory when idle: ${Math.round(portal.memory())} MB (wanted: under 120)`);
  say(
    `start to the first sign-in page, on SQLite: ${ms(first)} the very first, ${ms(median(later))} later (wanted: under 500 ms)`,
  );
}

/** Compares pages with a session, and the sign-in page without one. */
async function comparePages(): Promise<void> {
  const [somebody] = takePeople(1);
  if (!somebody) throw new Error('There is nobody.');
  const visitors = { own: new Cookies(), twin: new Cookies() };
  await own.client.get('/sign-in', visitors.own);
  await least.client.get('/sign-in', visitors.twin);
  const page = (subject: Subject, path: string, cookies?: Cookies) => () =>
    load(subject.client, path, cookies);
  await compare(
    'sign-in page',
    0.8,
    page(own, '/sign-in', visitors.own),
    page(least, '/sign-in', visitors.twin),
  );
  await compare('sign-in page, first visit', undefined, page(own, '/sign-in'), page(least, '/sign-in'));
  const signedIn = await own.giveCode(await own.givePassword(somebody));
  const signedInAtTwin = await least.giveCode(await least.givePassword(somebody));
  const path = '/profile/two-factor';
  await compare('Your 2FA', 0.75, page(own, path, signedIn), page(least, path, signedInAtTwin));
}

/** Compares the time from the right code to the first page after sign-in. */
async function compareSecondSteps(): Promise<void> {
  const secondSteps = (subject: Subject) => async (run: number) => {
    const theirs = peopleOf(run, SECOND_STEPS);
    const { results } = await closedLoop(theirs, CLIENTS, (one) => subject.givePassword(one));
    await earlyInStep();
    return closedLoop(results, CLIENTS, (half) => subject.giveCode(half));
  };
  await compare('second step alone', 0.75, secondSteps(own), secondSteps(least));
  taken += RUNS * SECOND_STEPS;
}

async function compareSignIns(): Promise<void> {
  const run = (subject: Subject) => (run: number) => signIns(subject, peopleOf(run, SIGN_INS));
  await compare('whole sign-in', 0.9, run(own), run(least));
  taken += RUNS * SIGN_INS;
}

/** The time of the sign-in page while eight people sign in: hashing must not block others. */
async function watchSignInPage(): Promise<void> {
  const alone = new Client(portal.port, 1);
  const times: number[] = [];
  let isOver = false;
  const ask = async () => {
    const began = performance.now();
    expect(200, await alone.get('/sign-in'));
    return performance.now() - began;
  };
  const idle: number[] = [];
  for (let asked = 0; asked < 1000; asked += 1) idle.push(await ask());
  const busy = signIns(own, takePeople(2 * SIGN_INS)).finally(() => {
    isOver = true;
  });
  while (!isOver) times.push(await ask());
  await busy;
  const [before, beside] = [percentile(idle, 0.99), percentile(times, 0.99)];
  const ratio = (beside / before).toFixed(1);
  say(
    `p99 of the sign-in page: ${ms(before)} idle, ${ms(beside)} beside eight sign-ins; ${ratio} times (wanted: under 5)`,
  );
}

/**
 * Code flows (authorize, token, userinfo) of people who are signed in, beside the twin's second step; what the provider adds to the
 * memory; and the time of one flow while eight people sign in.
 */
async function measureOpenId(): Promise<void> {
  const before = portal.memory();
  const app = await addOpenIdApp({ ...environment, PORT: String(portal.port) });
  const signedIn = await closedLoop(takePeople(CLIENTS), CLIENTS, async (one) =>
    own.giveCode(await own.givePassword(one)),
  );
  const withoutProvider = portal.memory();
  const flows = (count: number, clients: number) =>
    closedLoop(Array.from({ length: count }), clients, () => {
      turn += 1;
      const cookies = signedIn.results[turn % CLIENTS];
      if (!cookies) throw new Error('Nobody is signed in.');
      return codeFlow(own.client, app, cookies);
    });
  let turn = 0;
  await flows(CODE_FLOWS, CLIENTS);
  say(
    `memory: ${Math.round(before)} MB, after the sign-ins ${Math.round(withoutProvider)} MB, with the provider and ${CODE_FLOWS} flows ${Math.round(portal.memory())} MB`,
  );
  const secondSteps = async (run: number) => {
    const theirs = peopleOf(run, SECOND_STEPS);
    const { results } = await closedLoop(theirs, CLIENTS, (one) => least.givePassword(one));
    await earlyInStep();
    return closedLoop(results, CLIENTS, (half) => least.giveCode(half));
  };
  await compare(
    'code flow, beside the second step',
    undefined,
    () => flows(CODE_FLOWS, CLIENTS),
    secondSteps,
  );
  taken += RUNS * SECOND_STEPS;
  const idle = await flows(CODE_FLOWS, 1);
  const busy = signIns(own, takePeople(2 * SIGN_INS));
  let isOver = false;
  void busy.finally(() => {
    isOver = true;
  });
  const times: number[] = [];
  while (!isOver) times.push(...(await flows(1, 1)).latencies);
  await busy;
  const [alone, beside] = [percentile(idle.latencies, 0.99), percentile(times, 0.99)];
  say(`p99 of a code flow: ${ms(alone)} idle, ${ms(beside)} beside eight sign-ins`);
  say(`memory after all flows: ${Math.round(portal.memory())} MB`);
}

/** Resident memory during requests of pages and sign-ins. */
async function watchMemory(): Promise<void> {
  const visitor = new Cookies();
  const quarters: number[] = [];
  for (let quarter = 0; quarter < 4; quarter += 1) {
    for (let done = 0; done < MEMORY_REQUESTS / 4; ) {
      await closedLoop(Array.from({ length: 950 }), CLIENTS, async () => {
        expect(200, await own.client.get('/sign-in', visitor));
      });
      // Passwords only, so that no code is used up.
      await closedLoop(people.slice(0, 8), CLIENTS, (one) => own.givePassword(one));
      done += 950 + 8 * 3;
    }
    quarters.push(portal.memory());
  }
  const figures = quarters.map((one) => Math.round(one)).join(', ');
  say(
    `memory after each quarter of ${MEMORY_REQUESTS} requests: ${figures} MB (wanted: under 200, none from the second on)`,
  );
}

function load(client: Client, path: string, cookies?: Cookies): Promise<Run> {
  return closedLoop(new Array(PAGES).fill(path), CLIENTS, async () => {
    expect(200, await client.get(path, cookies));
  });
}

function signIns(subject: Subject, theirs: typeof people): Promise<Run<Cookies>> {
  return closedLoop(theirs, CLIENTS, async (one) => subject.giveCode(await subject.givePassword(one)));
}

/** Runs both in turn, so that other load on the machine affects both. */
async function compare(
  name: string,
  wanted: number | undefined,
  ownRun: (run: number) => Promise<Run<unknown>>,
  twinRun: (run: number) => Promise<Run<unknown>>,
): Promise<void> {
  const rates: { own: number; twin: number }[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    rates.push({ own: (await ownRun(run)).rate, twin: (await twinRun(run)).rate });
  }
  const [ours, theirs] = [median(rates.map((rate) => rate.own)), median(rates.map((rate) => rate.twin))];
  const ratio = median(rates.map((rate) => rate.own / rate.twin)).toFixed(2);
  const aim = wanted === undefined ? '' : ` (wanted: ${wanted})`;
  say(`${name}: ${Math.round(ours)}/s, twin ${Math.round(theirs)}/s; ratio ${ratio}${aim}`);
}

/** As `npm start` does. */
async function startPortal(variables: NodeJS.ProcessEnv, path: string): Promise<Serving> {
  const start = startCommand();
  return serve(start.args, await freePort(), { ...variables, ...start.environment }, path);
}

function clientOf({ port }: Serving): Client {
  return new Client(port, CLIENTS);
}

/** The next people who have not signed in yet. */
function takePeople(count: number): typeof people {
  taken += count;
  return people.slice(taken - count, taken);
}

/** The people of one run: the same for both subjects, because each has its own accounts. */
function peopleOf(run: number, count: number): typeof people {
  return people.slice(taken + run * count, taken + (run + 1) * count);
}

function ms(milliseconds: number): string {
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
