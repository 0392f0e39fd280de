import assert from 'node:assert/strict';
import { type Asker, HashingQueue, Overloaded } from '../../src/accounts/hashing-queue.ts';

describe('The hashing queue', () => {
  /** Work that runs until it is told to end. */
  function openWork() {
    const { promise, resolve } = Promise.withResolvers<void>();
    return { work: () => promise, end: resolve };
  }

  const stranger = (key = 'client'): Asker => ({ lane: 'strangers', key });
  const person = (key = 'account'): Asker => ({ lane: 'people', key });

  const queueFor = (atOnce: number, places = 20) =>
    new HashingQueue(atOnce, { people: places, strangers: places });

  const run = <T>(queue: HashingQueue, asker: Asker, work: () => Promise<T>, cost = 1) =>
    queue.admit(asker, (turn) => turn(cost, work));

  /** Fills the queue while one piece of work runs, lets that end, and returns the order in which the rest was done. */
  async function orderOf(asked: readonly (readonly [name: string, asker: Asker, cost?: number])[]) {
    const queue = queueFor(1);
    const order: string[] = [];
    const first = openWork();
    const runs = [run(queue, stranger('first'), first.work)];
    for (const [name, asker, cost] of asked)
      runs.push(run(queue, asker, async () => void order.push(name), cost));
    first.end();
    await Promise.all(runs);
    return order.join(' ');
  }

  it('runs a limited number at once, and the others of one client in order of arrival', async () => {
    const queue = queueFor(2);
    const order: number[] = [];
    const works = Array.from({ length: 5 }, openWork);
    const runs = works.map(({ work }, number) =>
      run(queue, stranger(), () => {
        order.push(number);
        return work();
      }),
    );
    await soon();
    assert.deepEqual(order, [0, 1]);
    assert.deepEqual(queue.load, { running: 2, waiting: 3, refused: 0 });
    works[1]?.end();
    await soon();
    assert.deepEqual(order, [0, 1, 2]);
    for (const { end } of works) end();
    await Promise.all(runs);
    assert.deepEqual(order, [0, 1, 2, 3, 4]);
    assert.deepEqual(queue.load, { running: 0, waiting: 0, refused: 0 });
  });

  it('takes turns between clients: one that sends many waits behind one that sends few', async () => {
    const many = ['a', 'b', 'c', 'd'].map((name) => [name, stranger('many')] as const);
    assert.equal(await orderOf([...many, ['x', stranger('few')], ['y', stranger('few')]]), 'a x b y c d');
  });

  it('measures turns by the work that was done, not by the number of hashes', async () => {
    const heavy = ['a', 'b'].map((name) => [name, stranger('heavy'), 3] as const);
    const light = ['u', 'v', 'w'].map((name) => [name, stranger('light')] as const);
    assert.equal(await orderOf([...heavy, ...light]), 'a u v w b');
  });

  it('gives people every other turn, however many strangers came first', async () => {
    const strangers = ['a', 'b', 'c'].map((name) => [name, stranger(name)] as const);
    assert.equal(
      await orderOf([...strangers, ['ann', person('ann')], ['ben', person('ben')]]),
      'ann a ben b c',
    );
  });

  it('gives no credit for idle time', async () => {
    const queue = queueFor(1);
    for (let time = 0; time < 50; time++) await run(queue, stranger(), soon);
    const order: string[] = [];
    const first = openWork();
    const runs = [run(queue, stranger(), first.work)];
    for (const name of ['ann', 'ben', 'cal'])
      runs.push(run(queue, person(name), async () => void order.push(name)));
    runs.push(run(queue, stranger(), async () => void order.push('stranger')));
    first.end();
    await Promise.all(runs);
    assert.ok(order.indexOf('stranger') < 3, order.join(' '));
  });

  it('leaves half of the processors to light work', async () => {
    const queue = queueFor(4);
    const works = Array.from({ length: 5 }, openWork);
    const runs = works.map(({ work }, number) => run(queue, stranger(String(number)), work, 27));
    await soon();
    assert.deepEqual(queue.load, { running: 2, waiting: 3, refused: 0 });
    assert.equal(await run(queue, stranger('late'), async () => 'done'), 'done');
    for (const { end } of works) end();
    await Promise.all(runs);
  });

  it('does heavy work with a single processor, too', async () => {
    assert.equal(await run(queueFor(1), stranger(), async () => 'done', 27), 'done');
  });

  it('refuses at once if the lane is full, before any work, and accepts people again when there is room', async () => {
    const queue = queueFor(1, 3);
    const works = Array.from({ length: 3 }, openWork);
    const runs = works.map(({ work }, number) => run(queue, stranger(String(number)), work));
    let isBegun = false;
    const refused = queue.admit(stranger('late'), async () => {
      isBegun = true;
    });
    await assert.rejects(refused, Overloaded);
    assert.equal(isBegun, false);
    assert.deepEqual(queue.load, { running: 1, waiting: 2, refused: 1 });
    works[0]?.end();
    await soon();
    const late = run(queue, stranger('late'), async () => 'done');
    for (const { end } of works) end();
    await Promise.all(runs);
    assert.equal(await late, 'done');
  });

  it('reserves places for people when strangers have taken all of theirs, and vice versa', async () => {
    for (const [crowd, other] of [
      [stranger, person],
      [person, stranger],
    ] as const) {
      const queue = queueFor(1, 4);
      const works = Array.from({ length: 4 }, openWork);
      const runs = works.map(({ work }, number) => run(queue, crowd(String(number)), work));
      await assert.rejects(run(queue, crowd('late'), soon), Overloaded);
      const late = run(queue, other('late'), async () => 'done');
      for (const { end } of works) end();
      assert.equal(await late, 'done');
      await Promise.all(runs);
    }
  });

  it('gives one client half of the places at the most', async () => {
    const queue = queueFor(1, 4);
    const works = [openWork(), openWork()];
    const runs = works.map(({ work }) => run(queue, stranger('greedy'), work));
    await assert.rejects(run(queue, stranger('greedy'), soon), Overloaded);
    const other = run(queue, stranger('other'), async () => 'done');
    for (const { end } of works) end();
    assert.equal(await other, 'done');
    await Promise.all(runs);
    assert.equal(await run(queue, stranger('greedy'), async () => 'again'), 'again');
  });

  it('is not filled by a few clients: each has at most as many places as are free, so one more client finds some', async () => {
    for (const asker of [stranger, person]) {
      const queue = queueFor(1, 80);
      const works: ReturnType<typeof openWork>[] = [];
      const runs: Promise<void>[] = [];
      // Twenty clients that send sixty each, in turn.
      for (let time = 0; time < 60; time++) {
        for (let client = 0; client < 20; client++) {
          const work = openWork();
          works.push(work);
          runs.push(run(queue, asker(`greedy ${client}`), work.work).catch(() => undefined));
        }
      }
      const other = [run(queue, asker('other'), soon), run(queue, asker('another'), soon)];
      for (const { end } of works) end();
      await Promise.all([...other, ...runs]);
    }
  });

  it('keeps the place while the work does other things between its turns', async () => {
    const queue = queueFor(1, 1);
    const held = openWork();
    const holder = queue.admit(stranger(), async (turn) => {
      await held.work();
      return turn(1, async () => 'done');
    });
    await assert.rejects(run(queue, stranger('other'), soon), Overloaded);
    held.end();
    assert.equal(await holder, 'done');
  });

  it('continues after work that failed, inside of its turn and outside', async () => {
    const queue = queueFor(1, 2);
    const failing = run(queue, stranger(), () => Promise.reject(new Error('broken')));
    const next = run(queue, stranger('next'), async () => 'done');
    await assert.rejects(failing, /broken/);
    assert.equal(await next, 'done');
    await assert.rejects(
      queue.admit(stranger(), () => Promise.reject(new Error('outside'))),
      /outside/,
    );
    assert.equal(await run(queue, stranger(), async () => 'done'), 'done');
    assert.equal(queue.load.running, 0);
  });

  async function soon(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }
});
