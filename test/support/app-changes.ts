import assert from 'node:assert/strict';
import type { HostApp } from '../../src/apps/app.ts';
import type { HostAppInput } from '../../src/apps/apps.ts';
import { hashToken, newId } from '../../src/kernel/identifiers.ts';
import { NO_GRACE } from '../../src/settings/grace.ts';
import type { Preparation } from './changes.ts';
import { newClient } from './oidc-apps.ts';
import { OPERATOR, type TestPortal } from './portal.ts';

/** An app with a name and a host of its own. */
export function appInput(changes: Partial<HostAppInput> = {}): HostAppInput {
  const name = newId(Date.now());
  return {
    ...{ name, origin: `https://${name}.example.org`, audience: 'everybody', proof: 'none' },
    ...{ freshMinutes: null, confirmsEmail: false, remoteUser: 'email', kind: 'host' },
    ...changes,
  };
}

export async function addsApp(
  { services }: TestPortal,
  changes: Partial<HostAppInput> = {},
): Promise<HostApp> {
  const outcome = await services.apps.create(appInput(changes), OPERATOR);
  assert.ok(outcome.kind === 'created' && outcome.app.kind === 'host');
  return outcome.app;
}

async function groupOf({ services }: TestPortal): Promise<string> {
  const rule = { rule: 'off', methods: [], grace: NO_GRACE } as const;
  const group = await services.groups.create({ name: newId(Date.now()), ...rule }, OPERATOR);
  assert.ok(group);
  return group.id;
}

/** What is changed about apps, and by signing in to them. */
export const APP_CHANGES: Readonly<Record<string, Preparation>> = {
  'an app that is added': async ({ portal }) => {
    const input = appInput({ audience: [await groupOf(portal)] });
    return () => portal.services.apps.create(input, OPERATOR);
  },
  'an app that is changed': async ({ portal }) => {
    const { id } = await addsApp(portal, { audience: [await groupOf(portal)] });
    const input = appInput({ audience: [await groupOf(portal)], proof: 'strong' });
    return () => portal.services.apps.update(id, input, OPERATOR);
  },
  'an app that is removed': async ({ portal }) => {
    const app = await addsApp(portal, { audience: [await groupOf(portal)] });
    return () => portal.services.apps.remove(app, OPERATOR);
  },
  'a consent that is given': async ({ portal, account, actor }) => {
    const app = await newClient(portal, { asksConsent: true });
    return () => portal.services.consents.give(account, app, ['openid'], actor);
  },
  'a consent that is taken back': async ({ portal, account, actor }) => {
    const app = await newClient(portal, { asksConsent: true });
    await portal.services.consents.give(account, app, ['openid'], actor);
    return () => portal.services.consents.takeBack(account, app, actor);
  },
  'a hand-over that is redeemed': async ({ portal, account, actor }) => {
    const { handOvers, completion } = portal.services;
    const app = await addsApp(portal);
    const assurance = [{ factor: 'password', at: portal.now() }] as const;
    const { signInId } = await completion.complete(account, actor, assurance);
    const bound = { signInId, accountId: account.id, nonceHash: hashToken('nonce'), path: '/' };
    const code = await handOvers.issue({ app, ...bound });
    return () => handOvers.redeem({ code, host: app.host, nonces: ['nonce'] }, actor.origin);
  },
};
