import assert from 'node:assert/strict';
import { Audit } from '../../src/audit/audit.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import { minutes } from '../../src/kernel/time.ts';
import { ManualClock } from '../support/clock.ts';
import { MemoryAudit } from '../support/memory.ts';
import { transact } from '../support/transact.ts';

const ANN = { id: null, label: 'ann@example.org' };
const from = (address: string) => ({ requestId: 'request', address, browser: 'Lynx' });
const HERE = from('2001:db8:1:2::1');

describe('A repeated refusal by a limit', () => {
  let clock: ManualClock;
  let store: MemoryAudit;
  let observed: AuditEvent[];
  let audit: Audit;

  beforeEach(() => {
    clock = new ManualClock();
    store = new MemoryAudit();
    observed = [];
    audit = new Audit({
      store,
      clock: clock.read,
      transaction: transact,
      observe: (event) => observed.push(event),
    });
  });

  const entries = async () => (await store.search({ page: 1, pageSize: 50 })).events;
  const times = async () => (await entries()).map(({ detail }) => detail['times']).reverse();
  async function refused(count: number, origin = HERE, who = ANN): Promise<void> {
    for (let time = 0; time < count; time++) await audit.record('sign-in.throttled', { origin, party: who });
  }

  it('has one entry in ten minutes, and the next one has the number in between; the log has every one', async () => {
    await refused(80);
    assert.deepEqual(await times(), [undefined]);
    clock.passes(minutes(10));
    await refused(3);
    assert.deepEqual(await times(), [undefined, '79']);
    clock.passes(minutes(10));
    await refused(1);
    assert.deepEqual(await times(), [undefined, '79', '2']);
    assert.equal(observed.length, 84);
  });

  it('has one entry for eighty at once', async () => {
    await Promise.all(Array.from({ length: 80 }, () => refused(1)));
    assert.deepEqual(await times(), [undefined]);
  });

  it('has an entry for each client and person, where a whole IPv6 network is one client', async () => {
    await refused(2);
    await refused(2, from('2001:db8:1:2::ffff'));
    await refused(2, from('2001:db8:1:3::1'));
    await refused(2, HERE, { id: null, label: 'bob@example.org' });
    assert.equal((await entries()).length, 3);
  });

  it('has the remaining number recorded when no further one comes', async () => {
    await refused(5);
    await audit.recordRest();
    assert.equal((await entries()).length, 1);
    clock.passes(minutes(10));
    await audit.recordRest();
    await audit.recordRest();
    assert.deepEqual(await times(), [undefined, '4']);
    await refused(1);
    assert.deepEqual(await times(), [undefined, '4', undefined]);
  });

  it('has an entry even if the first one could not be stored', async () => {
    const { append } = store;
    store.append = () => Promise.reject(new Error('no database'));
    await assert.rejects(refused(1), /no database/);
    store.append = append.bind(store);
    await refused(2);
    assert.deepEqual(await times(), [undefined]);
  });

  it('has entries again soon after the clock was set back', async () => {
    await refused(2);
    clock.passes(-minutes(60 * 24));
    await refused(2);
    assert.equal((await entries()).length, 2);
  });

  it('includes codes that were requested too soon; every other event has an entry each time', async () => {
    for (const [event, outcome] of [
      ['second-step.code-not-sent', 'wait'],
      ['second-step.code-not-sent', 'refused'],
      ['sign-in.password-refused', ''],
    ] as const) {
      for (let time = 0; time < 3; time++)
        await audit.record(event, { origin: HERE, party: ANN }, ANN, { outcome });
    }
    assert.equal((await entries()).length, 1 + 3 + 3);
  });

  it('is distinguished for ten thousand keys at most', async () => {
    for (let number = 0; number <= 10_000; number++) {
      await refused(1, HERE, { id: null, label: `${number}@example.org` });
    }
    const before = observed.length;
    await refused(1, HERE, { id: null, label: '0@example.org' });
    assert.equal(observed.length, before + 1);
    assert.equal((await store.search({ page: 1, pageSize: 1 })).total, 10_002);
  });
});
