import assert from 'node:assert/strict';
import { appWith } from '../support/app-host.ts';
import { newClient } from '../support/oidc-apps.ts';
import { onPortal } from '../support/portal.ts';

onPortal('The signing keys of OpenID Connect', (portal) => {
  it('are made once the first app is added that needs them, before anybody signs in', async () => {
    const { signingKeys } = portal().services;
    await appWith(portal());
    await portal().delivered();
    assert.equal(await signingKeys.version(), '', 'an app behind a proxy needs none');
    await newClient(portal());
    await portal().delivered();
    assert.notEqual(await signingKeys.version(), '');
  });
});
