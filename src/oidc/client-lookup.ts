import type { App, OidcApp } from '../apps/app.ts';

/** Ids of apps (`newId`). Nothing else is looked up: anybody can write it into an address. */
const APP_ID = /^[\da-v]{26}$/;

/** The OpenID Connect app with this client id; undefined if there is none. */
export async function oidcAppOf(
  apps: { find(id: string): Promise<App | undefined> },
  clientId: string,
): Promise<OidcApp | undefined> {
  if (!APP_ID.test(clientId)) return undefined;
  const app = await apps.find(clientId);
  return app?.kind === 'oidc' ? app : undefined;
}
