import type { Facts } from '../audit/differences.ts';
import { type Group, namesOfGroups } from '../policy/group.ts';
import type { App } from './app.ts';

/** The settings of an app as details of the audit log. `groups`: all, if the app is for some. */
export function factsOf(app: App, groups: readonly Group[]): Facts {
  const { origin, audience, proof, freshMinutes, confirmsEmail } = app;
  return {
    origin,
    audience: audience === 'everybody' ? audience : namesOfGroups(audience, groups).join('; '),
    proof,
    'fresh-minutes': freshMinutes === null ? '' : String(freshMinutes),
    'confirms-email': confirmsEmail ? 'on' : 'off',
    ...(app.kind === 'host' && { 'remote-user': app.remoteUser }),
  };
}
