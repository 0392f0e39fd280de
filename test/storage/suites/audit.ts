import assert from 'node:assert/strict';
import type { AuditQuery } from '../../../src/audit/audit.ts';
import type { AuditEvent } from '../../../src/audit/event.ts';
import { newId } from '../../../src/kernel/identifiers.ts';
import { KnexAuditStore } from '../../../src/storage/audit.ts';
import { MOST_COUNTED } from '../../../src/storage/sql/pagination.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { NOW } from './people.ts';

export function auditSuite(engine: Engine): void {
  describe('the audit log', () => {
    const database = useDatabase(engine);
    const store = () => new KnexAuditStore(database());
    const append = async (changes: Partial<AuditEvent>): Promise<AuditEvent> => {
      const appended = event(changes);
      await store().append([appended]);
      return appended;
    };
    const found = async (query: Partial<AuditQuery>): Promise<readonly string[]> => {
      const { events, total } = await store().search({ page: 1, pageSize: 50, ...query });
      assert.equal(total, events.length);
      return events.map(({ id }) => id);
    };

    it('stores every part of an event', async () => {
      const full = await append({ detail: { method: 'app', authenticator: 'Handy "Süd"\r\n📱' } });
      const empty = await append({ at: NOW + 1, actorId: null, subjectId: null, browser: '', detail: {} });
      assert.deepEqual(await store().search({ page: 1, pageSize: 50 }), {
        events: [empty, full],
        ...{ total: 2, isMore: false },
      });
    });

    it('accepts browsers and labels of any length', async () => {
      const long = await append({ browser: 'x'.repeat(5000), actorLabel: 'ü'.repeat(5000) });
      assert.deepEqual(await found({}), [long.id]);
    });

    it('keeps the order of simultaneous events', async () => {
      const ids = ['c', 'a', 'b'].map((letter) => letter.repeat(26));
      for (const id of ids) await append({ id });
      assert.deepEqual(await found({}), ids.sort().reverse());
    });

    it('finds events by name', async () => {
      await append({});
      const disabled = await append({ event: 'account.disabled' });
      assert.deepEqual(await found({ event: 'account.disabled' }), [disabled.id]);
      assert.deepEqual(await found({ event: 'keys.rotated' }), []);
    });

    it('finds the events that concern an account, and no others', async () => {
      const theirs = await append({ subjectId: 'ann' });
      await append({ subjectId: 'bob', actorId: 'ann' });
      await append({ subjectId: null });
      assert.deepEqual(await found({ subjectId: 'ann' }), [theirs.id]);
    });

    it('finds events by a part of the person who did it or of the person concerned', async () => {
      const actor = await append({ actorLabel: 'Zoe@example.org' });
      const subject = await append({ at: NOW + 1, subjectLabel: 'zOE%@example.org' });
      await append({});
      assert.deepEqual(await found({ person: ' ZOE' }), [subject.id, actor.id]);
      assert.deepEqual(await found({ person: 'zoe%' }), [subject.id]);
    });

    it('finds events by the account that did it or is concerned, also with another address at that time', async () => {
      const actor = await append({ actorId: 'zoe', actorLabel: 'old@example.org' });
      const subject = await append({ at: NOW + 1, subjectId: 'zoe', subjectLabel: 'new@example.org' });
      await append({ subjectLabel: 'zoe' });
      assert.deepEqual(await found({ partyId: 'zoe' }), [subject.id, actor.id]);
      assert.deepEqual(await found({ partyId: 'zoe', from: NOW + 1 }), [subject.id]);
    });

    it('is counted up to ten thousand in lists', async () => {
      for (let batch = 0; batch < 21; batch += 1) {
        await store().append(
          Array.from({ length: 500 }, (_, index) => event({ at: NOW + batch * 500 + index })),
        );
      }
      const { events, total, isMore } = await store().search({ page: 1, pageSize: 3 });
      assert.deepEqual([total, isMore], [MOST_COUNTED, true]);
      assert.deepEqual(
        events.map(({ at }) => at - NOW),
        [10_499, 10_498, 10_497],
      );
      const few = await store().search({ page: 1, pageSize: 3, to: NOW + 7 });
      assert.deepEqual([few.total, few.isMore], [7, false]);
      assert.equal(await store().countBefore(NOW + 10_400), 10_400, 'what is to be removed is counted whole');
    });

    it('finds events from a time on, up to but not at another', async () => {
      const [first, second, third] = [
        await append({}),
        await append({ at: NOW + 1 }),
        await append({ at: NOW + 2 }),
      ];
      assert.deepEqual(await found({ from: NOW + 1 }), [third.id, second.id]);
      assert.deepEqual(await found({ to: NOW + 1 }), [first.id]);
      assert.deepEqual(await found({ from: NOW + 1, to: NOW + 2, person: 'ann', event: 'sign-out' }), [
        second.id,
      ]);
    });

    it('has pages with the total number', async () => {
      const all: string[] = [];
      for (let i = 0; i < 5; i += 1) all.unshift((await append({ at: NOW + i })).id);
      const { events, total } = await store().search({ page: 2, pageSize: 2 });
      assert.deepEqual([events.map(({ id }) => id), total], [all.slice(2, 4), 5]);
    });

    it('returns everything that matches, newest first, whatever the number', async () => {
      const events = Array.from({ length: 1100 }, (_, index) => event({ at: NOW + Math.floor(index / 9) }));
      for (const start of [0, 400, 800]) await store().append(events.slice(start, start + 400));
      const other = await append({ event: 'account.disabled', at: NOW - 1 });
      const ids: string[] = [];
      for await (const { id } of store().each({ event: 'sign-out' })) {
        // Entries that are written in between are newer, and shift nothing.
        if (ids.length === 5) await append({ at: NOW + 9999 });
        ids.push(id);
      }
      assert.deepEqual(ids, events.map(({ id }) => id).reverse());
      const rest = await Array.fromAsync(store().each({ to: NOW }));
      assert.deepEqual(rest, [other]);
    });

    it('removes entries older than a given time when told to, and nothing else', async () => {
      await append({ at: NOW - 2 });
      await append({ at: NOW - 1 });
      const kept = [await append({ at: NOW + 1 }), await append({ at: NOW })];
      assert.equal(await store().removeBefore(NOW), 2);
      assert.deepEqual(
        await found({}),
        kept.map(({ id }) => id),
      );
    });

    it('accepts twenty concurrent events', async () => {
      await Promise.all(Array.from({ length: 20 }, () => append({})));
      assert.equal((await found({})).length, 20);
    });
  });
}

function event(changes: Partial<AuditEvent>): AuditEvent {
  return {
    id: newId(NOW),
    at: NOW,
    event: 'sign-out',
    actorId: newId(NOW),
    actorLabel: 'ann@example.org',
    subjectId: newId(NOW),
    subjectLabel: 'bob@example.org',
    address: '2001:db8::1',
    browser: 'Lynx',
    requestId: 'request',
    detail: {},
    ...changes,
  };
}
