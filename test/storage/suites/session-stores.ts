import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import session, { type SessionData, type Store } from 'express-session';
import { hours, minutes } from '../../../src/kernel/time.ts';
import { clockAround, settlesWithin } from '../../support/until.ts';

/** So long sessions last in tests that do not wait for their end. */
export const LASTING = minutes(5);

/**
 * What the portal expects of any session store. `ending` opens one whose sessions end after so long without a request;
 * `pass` lets this many milliseconds pass for it.
 */
export function sessionStoreSuite(
  store: () => Store,
  ending: (idleLimit: number) => Promise<Store>,
  pass: (milliseconds: number) => unknown,
): void {
  it('has no session under an unknown id', async () => {
    assert.equal(await get(store(), 'unknown'), undefined);
  });

  it('gives back what was kept, the newest of it', async () => {
    await set(store(), 'one', { kind: 'first' });
    await set(store(), 'one', { kind: 'signed in', name: 'Zoë 📱', list: [1, null] });
    await set(store(), 'two', { kind: 'other' });
    assert.deepEqual((await get(store(), 'one'))?.state, {
      kind: 'signed in',
      name: 'Zoë 📱',
      list: [1, null],
    });
  });

  it('keeps the twentieth of twenty sessions that are written at once', async () => {
    const ids = Array.from({ length: 20 }, (_, i) => `session ${i}`);
    await Promise.all(ids.map((id) => set(store(), id, id)));
    for (const id of ids) assert.equal((await get(store(), id))?.state, id);
  });

  it('takes twenty writes of one session at once', async () => {
    for (const id of ['one', 'two', 'three', 'four', 'five']) {
      await Promise.all(Array.from({ length: 20 }, (_, i) => set(store(), id, i)));
      assert.equal(typeof (await get(store(), id))?.state, 'number');
    }
  });

  it('has no session that was ended, and ends one that is not there', async () => {
    await set(store(), 'one', 1);
    await destroy(store(), 'one');
    await destroy(store(), 'one');
    assert.equal(await get(store(), 'one'), undefined);
  });

  it('has no session that nobody came for in time', async () => {
    const brief = await ending(1000);
    await set(brief, 'one', 1);
    await pass(2200);
    assert.equal(await get(brief, 'one'), undefined);
  });

  it('prolongs a session at each request, and brings none back', async () => {
    const brief = await ending(3000);
    await set(brief, 'one', 1);
    await set(brief, 'forsaken', 1);
    // Each look would prolong it, where the store prolongs what it reads.
    for (let left = 4500; left > 0; left -= 300) {
      await pass(300);
      assert.equal((await get(brief, 'one'))?.state, 1);
      await touch(brief, 'one');
    }
    assert.equal(await get(brief, 'forsaken'), undefined);
    await destroy(brief, 'one');
    await touch(brief, 'one');
    assert.equal(await get(brief, 'one'), undefined);
  });

  it('writes down how long the cookie lasts, however soon the session ends', async () => {
    const { from, to } = await clockAround(() => set(store(), 'one', 1));
    const { originalMaxAge, expires } = (await get(store(), 'one'))?.cookie ?? {};
    assert.equal(originalMaxAge, COOKIE_LIFETIME);
    const written = new Date(expires ?? 0).getTime() - COOKIE_LIFETIME;
    assert.ok(from <= written && written <= to, String(expires));
  });
}

/** What it does while its server is away: one error for each call that it makes of it, within 6 seconds, and nothing else. */
export async function assertFailsOnce(store: Store, prolongs: 'by itself' | 'as it reads'): Promise<void> {
  const calls: Record<string, (callback: (error: unknown) => void) => unknown> = {
    get: (callback) => store.get('one', callback),
    set: (callback) => store.set('one', data(1), callback),
    ...(prolongs === 'by itself' && {
      touch: (callback: (error: unknown) => void) => touching(store, 'one', callback),
    }),
    destroy: (callback) => store.destroy('one', callback),
  };
  for (const [name, call] of Object.entries(calls)) {
    const errors: unknown[] = [];
    const answered = new Promise<void>((resolve) => {
      call((error) => {
        errors.push(error);
        resolve();
      });
    });
    assert.ok(await settlesWithin(6000, answered), `${name} answers in time`);
    await delay(50);
    assert.equal(errors.length, 1, name);
    assert.ok(errors[0] instanceof Error, `${name} tells its callback of the error`);
  }
}

export function get(store: Store, id: string): Promise<SessionData | undefined> {
  return new Promise((resolve, reject) => {
    store.get(id, (error, found) => (error ? reject(error) : resolve(found ?? undefined)));
  });
}

export function set(store: Store, id: string, state: unknown): Promise<void> {
  return done((callback) => store.set(id, data(state), callback));
}

export function touch(store: Store, id: string): Promise<void> {
  return done((callback) => touching(store, id, callback));
}

/** The types know of no error here, yet express-session hands on what its callback is given. */
function touching(store: Store, id: string, callback: (error?: unknown) => void): void {
  assert.ok(store.touch);
  store.touch(id, data(undefined), callback);
}

function destroy(store: Store, id: string): Promise<void> {
  return done((callback) => store.destroy(id, callback));
}

function done(call: (callback: (error?: unknown) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error ? reject(error) : resolve()));
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
    csrfSecret: undefined,
    formerCsrfSecrets: undefined,
  };
}
