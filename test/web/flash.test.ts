import assert from 'node:assert/strict';
import type { Request } from 'express';
import {
  clearFlash,
  dropFlash,
  flash,
  flashForm,
  flashSubmitted,
  readFlash,
  readFlashedForm,
} from '../../src/web/flash.ts';

const NOW = Date.UTC(2030, 0, 1);

/** A request of one session, with what the flash reads of it. */
function requestFor(session: object, { path = '/profile', now = NOW, ...rest } = {}): Request {
  const context = { now };
  return {
    session,
    path,
    baseUrl: '',
    originalUrl: path,
    method: 'GET',
    context,
    ...rest,
  } as unknown as Request;
}

describe('A flash', () => {
  it('is read on its page only, whenever the page is loaded', () => {
    const session = {};
    flash(requestFor(session), { path: '/profile', key: 'profile.name-changed', kind: 'success' });
    const expected = { path: '/profile', key: 'profile.name-changed', kind: 'success', values: {}, at: NOW };
    assert.deepEqual(readFlash(requestFor(session)), expected);
    assert.deepEqual(readFlash(requestFor(session)), expected);
    assert.equal(readFlash(requestFor(session, { path: '/' })), undefined);
  });

  it('lasts for two minutes', () => {
    const session = {};
    flash(requestFor(session), { path: '/profile', key: 'profile.name-changed', kind: 'success' });
    assert.ok(readFlash(requestFor(session, { now: NOW + 119_999 })));
    assert.equal(readFlash(requestFor(session, { now: NOW + 120_000 })), undefined);
  });

  it('can have a second sentence', () => {
    const session = {};
    flash(requestFor(session), {
      path: '/profile',
      key: 'import.done',
      kind: 'success',
      values: { count: 2 },
      further: { key: 'import.left-out', values: { columns: 'phone' } },
    });
    const { further } = readFlash(requestFor(session)) ?? {};
    assert.deepEqual(further, { key: 'import.left-out', values: { columns: 'phone' } });
  });

  it('is empty if the session has another value in its place, or there is no session', () => {
    for (const notice of [
      undefined,
      'text',
      { path: '/profile' },
      { path: '/profile', key: 1, kind: 'success' },
    ])
      assert.equal(readFlash(requestFor({ notice })), undefined);
    assert.equal(readFlash({ ...requestFor({}), session: undefined } as unknown as Request), undefined);
  });
});

describe('A kept form', () => {
  const submitted = (session: object, body: unknown, keptFields: unknown) =>
    requestFor(session, { method: 'POST', body, keptFields } as object);

  it('has the declared fields of what was submitted, and no secret even if one is declared', () => {
    const session = {};
    const body = { name: 'Ann', role: 'admin', password: 'secret', newPassword: 'secret', code: '123456' };
    flashSubmitted(submitted(session, body, ['name', 'password', 'newPassword', 'code']));
    assert.deepEqual(readFlashedForm(requestFor(session)), { name: 'Ann' });
    assert.doesNotMatch(JSON.stringify(session), /secret|123456/);
  });

  it('has the fields that a rule declares', () => {
    const session = {};
    const rule = (name: string) => name.startsWith('group-');
    flashSubmitted(submitted(session, { 'group-1': 'on', other: 'on' }, rule));
    assert.deepEqual(readFlashedForm(requestFor(session)), { 'group-1': 'on' });
  });

  it('is not made from a long form, from arrays, or without a form', () => {
    const session = {};
    for (const body of [
      { name: 'a'.repeat(1900), note: 'b'.repeat(200) },
      { name: ['a', 'b'] },
      'name=Ann',
      null,
    ])
      flashSubmitted(submitted(session, body, ['name', 'note']));
    assert.deepEqual(session, {});
  });

  it('waits for the page of the form, without its query, if an action has no page', () => {
    const session = {};
    const request = submitted(session, { name: 'Ann' }, ['name']);
    flashSubmitted(Object.assign(request, { formPath: '/setup?token=secret' }));
    assert.deepEqual(readFlashedForm(requestFor(session), '/setup'), { name: 'Ann' });
    assert.deepEqual(readFlashedForm(requestFor(session)), {});
    assert.doesNotMatch(JSON.stringify(session), /secret/);
  });

  it('is empty if the session has another value in its place', () => {
    for (const keptForm of ['text', { path: '/profile' }, { path: '/profile', values: { name: ['Ann'] } }])
      assert.deepEqual(readFlashedForm(requestFor({ keptForm })), {});
  });

  it('goes with the message when a form is accepted, and stays when only the message is dropped', () => {
    const session = {};
    flash(requestFor(session), { path: '/profile', key: 'profile.name-changed', kind: 'success' });
    flashForm(requestFor(session), { path: '/profile', values: { name: 'Ann' } });
    dropFlash(requestFor(session));
    assert.equal(readFlash(requestFor(session)), undefined);
    assert.deepEqual(readFlashedForm(requestFor(session)), { name: 'Ann' });
    clearFlash(requestFor(session));
    assert.deepEqual(session, {});
  });
});
