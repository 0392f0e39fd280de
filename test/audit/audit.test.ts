import assert from 'node:assert/strict';
import { Audit } from '../../src/audit/audit.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import { transact } from '../support/transact.ts';

const ORIGIN = { requestId: 'request', address: '2001:db8::1', browser: 'Lynx' };
const ANN = { id: 'ann', label: 'ann@example.org' };
const BOB = { id: 'bob', label: 'bob@example.org' };

describe('The audit log', () => {
  const appended: AuditEvent[] = [];
  const store = {
    append: async (events: readonly AuditEvent[]) => void appended.push(...events),
    search: async () => ({ events: appended, total: appended.length, isMore: false }),
    each: async function* () {
      yield* appended;
    },
    countBefore: async () => 0,
    removeBefore: async () => 0,
  };
  const audit = new Audit({ store, clock: () => 1_900_000_000_000, transaction: transact });

  beforeEach(() => {
    appended.length = 0;
  });

  it('records who did what to whom, when, from where and how', async () => {
    await audit.record('account.role-changed', { origin: ORIGIN, party: ANN }, BOB, {
      role: 'administrator',
    });
    const [{ id: _id, ...event }] = appended as [AuditEvent];
    assert.deepEqual(event, {
      at: 1_900_000_000_000,
      event: 'account.role-changed',
      actorId: 'ann',
      actorLabel: 'ann@example.org',
      subjectId: 'bob',
      subjectLabel: 'bob@example.org',
      ...ORIGIN,
      detail: { role: 'administrator' },
    });
  });

  it('assumes that the person concerned did it if nobody else is named', async () => {
    await audit.record('sign-out', { origin: ORIGIN, party: ANN });
    assert.deepEqual([appended[0]?.subjectId, appended[0]?.subjectLabel], ['ann', 'ann@example.org']);
  });

  it('keeps the order of simultaneous events in their ids', async () => {
    for (let index = 0; index < 100; index++) await audit.record('sign-out', { origin: ORIGIN, party: ANN });
    const ids = appended.map(({ id }) => id);
    assert.deepEqual(ids.toSorted(), ids);
    assert.equal(new Set(ids).size, 100);
    assert.ok(ids.every((id) => /^[0-9a-v]{26}$/.test(id)));
  });

  it('notifies its listener of each event that is stored, and of no other', async () => {
    const heard: AuditEvent[] = [];
    const watched = (append: typeof store.append) =>
      new Audit({
        store: { ...store, append },
        clock: () => 0,
        transaction: transact,
        observe: (event) => void heard.push(event),
      });
    await assert.rejects(
      watched(() => Promise.reject(new Error('full'))).record('sign-out', { origin: ORIGIN, party: ANN }),
    );
    assert.deepEqual(heard, []);
    await watched(store.append).recordEach('account.imported', { origin: ORIGIN, party: ANN }, [ANN, BOB]);
    assert.deepEqual(heard, appended);
    assert.equal(heard.length, 2);
  });

  it('fails when an event cannot be stored', async () => {
    const broken = new Audit({
      store: { ...store, append: () => Promise.reject(new Error('full')) },
      clock: () => 0,
      transaction: transact,
    });
    await assert.rejects(broken.record('sign-out', { origin: ORIGIN, party: ANN }), /full/);
  });
});
