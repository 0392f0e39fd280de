import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import session, { type SessionData, type Store } from 'express-session';
import { minutes } from '../../../src/time.ts';

/** What the portal expects of any session store. */
export function sessionStoreSuite(store: () => Store): void {
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

  it('has no session that has expired', async () => {
    await set(store(), 'one', 1, 1000);
    assert.notEqual(await get(store(), 'one'), undefined);
    await delay(2200);
    assert.equal(await get(store(), 'one'), undefined);
  });

  it('prolongs a session that is touched, and brings none back', async () => {
    await set(store(), 'one', 1, 1500);
    await touch(store(), 'one', minutes(5));
    await delay(2600);
    assert.equal((await get(store(), 'one'))?.state, 1);
    await destroy(store(), 'one');
    await touch(store(), 'one', minutes(5));
    assert.equal(await get(store(), 'one'), undefined);
  });
}

/** What it does while its server is away: one error for each call, within 6 seconds, and nothing else. */
export async function assertFailsOnce(store: Store): Promise<void> {
  const calls: Record<string, (callback: (error: unknown) => void) => unknown> = {
    get: (callback) => store.get('one', callback),
    set: (callback) => store.set('one', data(1, minutes(5)), callback),
    touch: (callback) => touching(store, 'one', minutes(5), callback),
    destroy: (callback) => store.destroy('one', callback),
  };
  for (const [name, call] of Object.entries(calls)) {
    const errors: unknown[] = [];
    const began = Date.now();
    await new Promise<void>((resolve) => {
      call((error) => {
        errors.push(error);
        resolve();
      });
    });
    await delay(50);
    assert.equal(errors.length, 1, name);
    assert.ok(errors[0] instanceof Error, `${name} tells its callback of the error`);
    assert.ok(Date.now() - began < 6000, `${name} answers in time`);
  }
}

export function get(store: Store, id: string): Promise<SessionData | undefined> {
  return new Promise((resolve, reject) => {
    store.get(id, (error, found) => (error ? reject(error) : resolve(found ?? undefined)));
  });
}

export function set(store: Store, id: string, state: unknown, maxAge = minutes(5)): Promise<void> {
  return done((callback) => store.set(id, data(state, maxAge), callback));
}

function touch(store: Store, id: string, maxAge: number): Promise<void> {
  return done((callback) => touching(store, id, maxAge, callback));
}

/** The types know of no error here, yet express-session hands on what its callback is given. */
function touching(store: Store, id: string, maxAge: number, callback: (error?: unknown) => void): void {
  assert.ok(store.touch);
  store.touch(id, data(undefined, maxAge), callback);
}

function destroy(store: Store, id: string): Promise<void> {
  return done((callback) => store.destroy(id, callback));
}

function done(call: (callback: (error?: unknown) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error ? reject(error) : resolve()));
  });
}

function data(state: unknown, maxAge: number): SessionData {
  const cookie = new session.Cookie();
  cookie.maxAge = maxAge;
  return { cookie, state, browser: undefined, notice: undefined, keptForm: undefined, csrfSecret: undefined };
}
