import assert from 'node:assert/strict';
import { HashingQueue, TooBusy } from '../../src/accounts/hashing-queue.ts';

describe('The queue of those whose passwords are hashed', () => {
  /** Work that goes on until it is told to end. */
  function openWork() {
    let end = () => {};
    const done = new Promise<void>((resolve) => {
      end = resolve;
    });
    return { work: () => done, end };
  }

  it('lets so many at it at once, and the others in the order in which they came', async () => {
    const queue = new HashingQueue(2, 10);
    const order: number[] = [];
    const works = Array.from({ length: 5 }, openWork);
    const runs = works.map(({ work }, number) =>
      queue.run(() => {
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

  it('never lets a newcomer past those who wait', async () => {
    const queue = new HashingQueue(1, 10);
    const order: string[] = [];
    const first = openWork();
    const runs = [queue.run(first.work), queue.run(async () => void order.push('waiting'))];
    first.end();
    runs.push(queue.run(async () => void order.push('newcomer')));
    await Promise.all(runs);
    assert.deepEqual(order, ['waiting', 'newcomer']);
  });

  it('refuses at once where too many wait, and takes people again when there is room', async () => {
    const queue = new HashingQueue(1, 2);
    const [first, ...others] = [openWork(), openWork(), openWork()];
    const runs = [first, ...others].map((one) => queue.run(one?.work ?? soon));
    await assert.rejects(queue.run(soon), TooBusy);
    assert.deepEqual(queue.load, { running: 1, waiting: 2, refused: 1 });
    first?.end();
    await soon();
    const late = queue.run(async () => 'done');
    for (const { end } of others) end();
    await Promise.all(runs);
    assert.equal(await late, 'done');
  });

  it('goes on after work that failed', async () => {
    const queue = new HashingQueue(1, 2);
    const failing = queue.run(() => Promise.reject(new Error('broken')));
    const next = queue.run(async () => 'done');
    await assert.rejects(failing, /broken/);
    assert.equal(await next, 'done');
    assert.equal(queue.load.running, 0);
  });

  async function soon(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }
});
