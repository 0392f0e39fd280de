import assert from 'node:assert/strict';
import { claimsOf } from '../../src/apps/claims.ts';
import { ANN, WIKI } from './apps-under-test.ts';

const groups = (...names: readonly string[]) => names.map((name, index) => ({ id: String(index), name }));
const of = (changes: Partial<typeof ANN>, ...names: readonly string[]) =>
  claimsOf(WIKI, { account: { ...ANN, ...changes }, groups: groups(...names) });

describe('The claims about a person for an app', () => {
  it('are the address, the name and the groups', () => {
    assert.deepEqual(of({}, 'Agents', 'Night shift'), {
      user: 'ann@example.org',
      email: 'ann@example.org',
      name: 'Ann',
      groups: 'Agents,Night shift',
    });
  });

  it('have the id as the user, if the app is set so', () => {
    const claims = claimsOf({ remoteUser: 'id' }, { account: ANN, groups: [] });
    assert.equal(claims.user, 'ann');
    assert.equal(claims.email, 'ann@example.org');
  });

  it('are always complete, and empty if there is no value', () => {
    assert.deepEqual(Object.keys(of({})), ['user', 'email', 'name', 'groups']);
    assert.equal(of({}).groups, '');
    assert.equal(of({ name: '' }).name, '');
  });

  it('keep letters of every script', () => {
    const claims = of({ name: 'Zoë Ångström 山田 🙂' }, 'Größe', 'Ω');
    assert.equal(claims.name, 'Zoë Ångström 山田 🙂');
    assert.equal(claims.groups, 'Größe,Ω');
  });

  it('have no line break or other control character in the name', () => {
    assert.equal(
      of({ name: 'Ann\r\nRemote-Groups: admins\u0000\u0085\u2028' }).name,
      'Ann  Remote-Groups: admins',
    );
    assert.equal(of({ name: 'A\ud800nn' }).name, 'A\ufffdnn');
  });

  it('leave out an address with a control character: without it, it might be somebody else’s', () => {
    const claims = of({ email: 'ann\n@example.org' });
    assert.deepEqual([claims.user, claims.email], ['', '']);
  });

  it('leave out groups whose names would read as another group, or as two', () => {
    const claims = of({}, 'staff,admins', 'adm\u0001ins', ' admins', '', 'a\ud800', 'Agents');
    assert.equal(claims.groups, 'Agents');
  });
});
