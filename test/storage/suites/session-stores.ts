import assert from 'node:assert/strict';
import session, { type SessionData } from 'express-session';
import { newToken } from '../../../src/kernel/identifiers.ts';
import { hours, minutes } from '../../../src/kernel/time.ts';
import type { SessionStore } from '../../../src/sign-in/session-store.ts';
import { clockAround, settlesWithin } from '../../support/until.ts';

/** The lifetime of sessions in tests that do not wait for their end. */
export const LASTING = minutes(5);

/**
 * The guarantees of any session store. `ending` opens one whose sessions end after this time without a request; `pass` advances
 * its time by this many milliseconds.
 */
export function sessionStoreSuite(
  store: () => SessionStore,
  ending: (idleLimit: number) => Promise<SessionStore>,
  pass: (milliseconds: number) => unknown,
): void {
  it('has no session with an unknown id', async () => {
    assert.equal(await get(store(), 'unknown'), undefined);
  });

  it('returns the newest stored state', async () => {
    await set(store(), 'one', { kind: 'first' });
    await set(store(), 'one', { kind: 'signed in', name: 'Zoë 📱', list: [1, null] });
    await set(store(), 'two', { kind: 'other' });
    assert.deepEqual((await get(store(), 'one'))?.state, {
      kind: 'signed in',
      name: 'Zoë 📱',
      list: [1, null],
    });
  });

  it('keeps the twentieth of twenty consecutive writes', async () => {
    const ids = Array.from({ length: 20 }, (_, i) => `session ${i}`);
    await Promise.all(ids.map((id) => set(store(), id, id)));
    for (const id of ids) assert.equal((await get(store(), id))?.state, id);
  });

  it('accepts twenty concurrent writes of one session', async () => {
    for (const id of ['one', 'two', 'three', 'four', 'five']) {
      await Promise.all(Array.from({ length: 20 }, (_, i) => set(store(), id, i)));
      assert.equal(typeof (await get(store(), id))?.state, 'number');
    }
  });

  it('does not have ended sessions, and can end a missing one', async () => {
    await set(store(), 'one', 1);
    await store().remove('one');
    await store().remove('one');
    assert.equal(await get(store(), 'one'), undefined);
  });

  it('stores a session with a new id once, for twenty concurrent requests', async () => {
    const id = newToken();
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => store().create(id, data(`try ${i}`))),
    );
    const first = tries.findIndex(({ status }) => status === 'fulfilled');
    assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.equal((await get(store(), id))?.state, `try ${first}`);
  });

  it('changes an existing session, even if nothing is different', async () => {
    const id = newToken();
    await store().create(id, data(1));
    for (const state of [2, 2, 3]) {
      assert.equal(await store().update(id, data(state)), true);
      assert.equal((await get(store(), id))?.state, state);
    }
  });

  it('does not restore an ended session, with any number of later changes', async () => {
    const id = newToken();
    assert.equal(await store().update(id, data(1)), false, 'one that never was');
    await store().create(id, data(1));
    await store().remove(id);
    const late = await Promise.all(Array.from({ length: 20 }, (_, i) => store().update(id, data(i))));
    assert.ok(late.every((isStored) => !isStored));
    await store().prolong(id);
    assert.equal(await get(store(), id), undefined);
  });

  it('does not restore an expired session', async () => {
    const brief = await ending(1000);
    const id = newToken();
    await brief.create(id, data(1));
    await pass(2200);
    assert.equal(await brief.update(id, data(2)), false);
    assert.equal(await get(brief, id), undefined);
  });

  it('does not have expired sessions', async () => {
    const brief = await ending(1000);
    await set(brief, 'one', 1);
    await pass(2200);
    assert.equal(await get(brief, 'one'), undefined);
  });

  it('extends a session at each request, and restores none', async () => {
    const brief = await ending(3000);
    await set(brief, 'one', 1);
    await set(brief, 'forsaken', 1);
    // Each read would extend it, if the store extends on reading.
    for (let left = 4500; left > 0; left -= 300) {
      await pass(300);
      assert.equal((await get(brief, 'one'))?.state, 1);
      await brief.prolong('one');
    }
    assert.equal(await get(brief, 'forsaken'), undefined);
    await brief.remove('one');
    await brief.prolong('one');
    assert.equal(await get(brief, 'one'), undefined);
  });

  it('stores how long the cookie lasts, however soon the session ends', async () => {
    const { from, to } = await clockAround(() => set(store(), 'one', 1));
    const { originalMaxAge, expires } = (await get(store(), 'one'))?.cookie ?? {};
    assert.equal(originalMaxAge, COOKIE_LIFETIME);
    const written = new Date(expires ?? 0).getTime() - COOKIE_LIFETIME;
    assert.ok(from <= written && written <= to, String(expires));
  });
}

/** What it does while its server is unavailable: each call fails, within 6 seconds. */
export async function assertFails(store: SessionStore, prolongs: 'by itself' | 'as it reads'): Promise<void> {
  const calls: Record<string, () => Promise<unknown>> = {
    read: () => store.read('one'),
    create: () => store.create('one', data(1)),
    update: () => store.update('one', data(1)),
    ...(prolongs === 'by itself' && { prolong: () => store.prolong('one') }),
    remove: () => store.remove('one'),
  };
  for (const [name, call] of Object.entries(calls)) {
    const answered = call();
    assert.ok(await settlesWithin(6000, answered), `${name} answers in time`);
    await assert.rejects(answered, Error, name);
  }
}

export async function get(store: SessionStore, id: string): Promise<SessionData | undefined> {
  return (await store.read(id)) as SessionData | undefined;
}

/** Stores a session with this state, whether or not there is one. */
export async function set(store: SessionStore, id: string, state: unknown): Promise<void> {
  if (await store.update(id, data(state))) return;
  // Others may have been as fast.
  await store.create(id, data(state)).catch(async (error: unknown) => {
    if (!(await store.update(id, data(state)))) throw error;
  });
}

const COOKIE_LIFETIME = hours(24);

function data(state: unknown): SessionData {
  const cookie = new session.Cookie();
  cookie.maxAge = COOKIE_LIFETIME;
  return {
    cookie,
    state,
    browser: undefined,
    notice: undefined,
    keptForm: undefined,
    openedApps: undefined,
    csrfSecret: undefined,
    formerCsrfSecrets: undefined,
  };
}
