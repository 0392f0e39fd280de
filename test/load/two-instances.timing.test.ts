import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { NGINX } from '../deploy/proxies.ts';
import { startTwoInstances, type TwoInstances } from '../deploy/two-instances.ts';
import { CREATION_TIMEOUT } from '../support/databases.ts';
import { makePeople } from '../support/many-people.ts';
import { Person } from '../support/person.ts';
import { percentile } from '../support/timing.ts';
import { ERRANDS, type Errand } from './traffic.ts';

const CLIENTS = 8;
/** One for each, because a code counts once: half an hour of a help desk with some thousand people. */
const PEOPLE = 200;

interface Done {
  readonly errand: Errand;
  readonly began: number;
  readonly ended: number;
  readonly requests: number;
  readonly error: Error | undefined;
}

/** Mixed traffic for two instances behind nginx, with the shipped configuration; one is killed in the middle, and restarted. */
describe('Half an hour’s traffic at once', () => {
  let two: TwoInstances;
  let stopProxy: () => Promise<void>;

  before(async function () {
    this.timeout(CREATION_TIMEOUT);
    two = await startTwoInstances();
    stopProxy = await NGINX.start(two.site);
  });
  after(async () => {
    await stopProxy?.();
    await two?.close();
  });

  it('gets the right responses, except for requests in progress at an instance that is killed', async () => {
    const people = await makePeople(two.environment, PEOPLE);
    const began = performance.now();
    let killed = 0;
    const chaos = (async () => {
      await delay(2000);
      killed = performance.now();
      await two.restart(0, 'SIGKILL');
    })();
    const done = await traffic(people);
    await chaos;
    const seconds = (performance.now() - began) / 1000;
    printFigures(done, seconds);

    const wrong = done.filter(({ error, began, ended }) => error && !(began < killed && ended >= killed));
    assert.deepEqual(
      wrong.map(({ errand, error }) => `${errand.name}: ${error?.message}`),
      [],
    );
    const cutOff = done.filter(({ error }) => error);
    assert.ok(cutOff.length <= CLIENTS, `${cutOff.length} were cut off`);
    assert.equal(done.length, PEOPLE);
    assert.ok(killed > 0 && done.filter(({ began }) => began > killed).length > PEOPLE / 4, 'and it goes on');
  });

  /** This many clients at once, each with the actions of the next person. */
  async function traffic(people: Awaited<ReturnType<typeof makePeople>>): Promise<readonly Done[]> {
    const done: Done[] = [];
    const waiting = people.entries();
    const origin = two.environment['BASE_URL'] ?? '';
    async function client(number: number): Promise<void> {
      for (const [index, somebody] of waiting) {
        const errand = ERRANDS[index % ERRANDS.length];
        if (!errand) throw new Error('There are no errands.');
        const person = new Person(origin, { origin, from: `127.1.${number}.${1 + (index % 250)}` });
        const began = performance.now();
        const error = await errand.run(person, somebody).then(
          () => undefined,
          (failure: unknown) => (failure instanceof Error ? failure : new Error(String(failure))),
        );
        done.push({ errand, began, ended: performance.now(), requests: person.trail.length, error });
      }
    }
    await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
    return done;
  }

  function printFigures(done: readonly Done[], seconds: number): void {
    const requests = done.reduce((sum, one) => sum + one.requests, 0);
    const lines = [...Map.groupBy(done, ({ errand }) => errand.name)].map(([name, all]) => {
      const times = all.map(({ began, ended }) => ended - began);
      const [middle, slow] = [0.5, 0.95].map((part) => Math.round(percentile(times, part)));
      return `      ${name}: ${all.length}, median ${middle} ms, p95 ${slow} ms`;
    });
    const sum = `      ${requests} requests in ${seconds.toFixed(1)} s, ${done.filter(({ error }) => error).length} errands cut off`;
    process.stdout.write(`${[...lines, sum].join('\n')}\n`);
  }
});
