import assert from 'node:assert/strict';
import type { OidcApp, SignedApp } from '../../src/apps/app.ts';
import { disclosedTo } from '../../src/apps/scopes.ts';
import { clientInput } from '../support/oidc-apps.ts';
import { OPEN, WIKI } from './apps-under-test.ts';

const client = (changes: Parameters<typeof clientInput>[0]): OidcApp => ({
  ...clientInput(changes),
  ...{ id: 'client', createdAt: 0 },
});

const signed = (toldGroups: readonly string[]): SignedApp => ({
  ...{
    ...OPEN,
    id: 'signed',
    name: 'Desk',
    kind: 'signed',
    origin: 'https://desk.example.org',
    createdAt: 0,
  },
  signed: {
    format: 'deskpro',
    destination: 'https://desk.example.org/sso',
    toldGroups: [...toldGroups],
    startUrl: null,
  },
});

describe('What an app is told', () => {
  it('follows from the scopes, in a fixed order', () => {
    const app = client({ toldGroups: ['a'], mayRefresh: true });
    assert.deepEqual(disclosedTo(app, ['openid']), ['id']);
    assert.deepEqual(disclosedTo(app, ['email', 'openid']), ['id', 'email']);
    assert.deepEqual(disclosedTo(app, ['groups', 'offline_access', 'openid']), ['id', 'groups', 'renewal']);
    assert.deepEqual(disclosedTo(app, ['openid', 'unknown']), ['id']);
    assert.deepEqual(disclosedTo(app, []), []);
  });

  it('includes the address with the profile: it is the preferred user name', () => {
    assert.deepEqual(disclosedTo(client({}), ['openid', 'profile']), ['id', 'name', 'email']);
  });

  it('excludes what the settings of the app refuse', () => {
    assert.deepEqual(disclosedTo(client({})), ['id', 'name', 'email']);
    assert.deepEqual(disclosedTo(client({ toldGroups: ['a'] })), ['id', 'name', 'email', 'groups']);
    assert.deepEqual(disclosedTo(client({ mayRefresh: true })), ['id', 'name', 'email', 'renewal']);
  });

  it('is the same at each time for an app without scopes', () => {
    assert.deepEqual(disclosedTo(WIKI), ['name', 'email', 'groups']);
    assert.deepEqual(disclosedTo({ ...WIKI, remoteUser: 'id' }), ['id', 'name', 'email', 'groups']);
    assert.deepEqual(disclosedTo(signed([])), ['id', 'name', 'email']);
    assert.deepEqual(disclosedTo(signed(['a'])), ['id', 'name', 'email', 'groups']);
  });
});
