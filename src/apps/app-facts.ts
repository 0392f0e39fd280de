import type { Facts } from '../audit/differences.ts';
import { type Group, namesOfGroups } from '../policy/group.ts';
import { type App, toldGroupsOf } from './app.ts';
import type { OidcClient } from './oidc-client.ts';
import type { SignedHandOver } from './signed-hand-over.ts';

/** The settings of an app as details of the audit log. `groups`: all, if the app is for some, or is told of some. */
export function factsOf(app: App, groups: readonly Group[]): Facts {
  const { origin, audience, proof, freshMinutes, confirmsEmail } = app;
  return {
    origin,
    audience: audience === 'everybody' ? audience : namesOfGroups(audience, groups).join('; '),
    proof,
    'fresh-minutes': freshMinutes === null ? '' : String(freshMinutes),
    'confirms-email': onOrOff(confirmsEmail),
    ...protocolFacts(app, namesOfGroups(toldGroupsOf(app), groups).join('; ')),
  };
}

function protocolFacts(app: App, told: string): Facts {
  switch (app.kind) {
    case 'host':
      return { 'remote-user': app.remoteUser };
    case 'oidc':
      return clientFacts(app.client, told);
    case 'signed':
      return handOverFacts(app.signed, told);
  }
}

function clientFacts(client: OidcClient, told: string): Facts {
  return {
    'redirect-addresses': client.redirectUris.join(' '),
    'sign-out-addresses': client.postLogoutUris.join(' '),
    'logout-address': client.backchannelLogoutUri ?? '',
    'client-authentication': client.authentication,
    pkce: onOrOff(client.requiresPkce),
    algorithm: client.idTokenAlgorithm,
    consent: onOrOff(client.asksConsent),
    refresh: onOrOff(client.mayRefresh),
    'form-post': onOrOff(client.mayFormPost),
    'told-groups': told,
    'start-page': client.startUrl ?? '',
  };
}

function handOverFacts({ format, destination, startUrl }: SignedHandOver, told: string): Facts {
  return { format, destination, 'told-groups': told, 'start-page': startUrl ?? '' };
}

function onOrOff(isOn: boolean): string {
  return isOn ? 'on' : 'off';
}
