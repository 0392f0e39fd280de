import assert from 'node:assert/strict';
import type { OidcApp } from '../../src/apps/app.ts';
import type { OidcAppInput } from '../../src/apps/apps.ts';
import { OPERATOR, type TestPortal } from './portal.ts';

/** What a test says about a client: settings of the app, and of its protocol. */
export type ClientInput = Omit<Partial<OidcAppInput>, 'client'> & Partial<OidcAppInput['client']>;

let number = 0;

/** The settings of a client with a name and an origin of its own, open to everybody, which asks for no consent. */
export function clientInput(changes: ClientInput = {}): OidcAppInput {
  number += 1;
  const { name = `Client ${number}`, origin = `https://client${number}.example.net` } = changes;
  const { audience = 'everybody', proof = 'none', freshMinutes = null, confirmsEmail = false } = changes;
  const { redirectUris = [`${origin}/callback`], postLogoutUris = [`${origin}/bye`] } = changes;
  const { backchannelLogoutUri = null, authentication = 'basic', requiresPkce = true } = changes;
  const { idTokenAlgorithm = 'RS256', asksConsent = false, mayRefresh = false } = changes;
  const { mayFormPost = false, toldGroups = [], startUrl = null } = changes;
  return {
    ...{ kind: 'oidc', name, origin, audience, proof, freshMinutes, confirmsEmail },
    client: {
      ...{ redirectUris, postLogoutUris, backchannelLogoutUri, authentication, requiresPkce },
      ...{ idTokenAlgorithm, asksConsent, mayRefresh, mayFormPost, toldGroups, startUrl },
    },
  };
}

/** Registers a client. */
export async function newClient({ services }: TestPortal, changes: ClientInput = {}): Promise<OidcApp> {
  const created = await services.apps.create(clientInput(changes), OPERATOR);
  assert.ok(created.kind === 'created' && created.app.kind === 'oidc', JSON.stringify(created));
  return created.app;
}
