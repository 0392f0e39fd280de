import { cookieHostOf } from './app.ts';
import type { AppInput, AppRefused, FaultySetting } from './app-input.ts';
import type { OidcClient } from './oidc-client.ts';
import type { SignedHandOver } from './signed-hand-over.ts';

/** Whether an address has the host of another one: both get its cookies. */
export function isAt(origin: string, address: string): boolean {
  return cookieHostOf(address) === cookieHostOf(origin);
}

/** What is wrong between the settings of a protocol and those of the app. `baseUrl`: Postern's own origin. */
export function refusalOfProtocol(input: AppInput, baseUrl: string): AppRefused | undefined {
  switch (input.kind) {
    case 'host':
      return undefined;
    case 'oidc':
      return refusalOfClient(input.client, input.origin, baseUrl);
    case 'signed':
      return refusalOfHandOver(input.signed, input.origin);
  }
}

function refusalOfClient(client: OidcClient, origin: string, baseUrl: string): AppRefused | undefined {
  if (client.authentication === 'none' && !client.requiresPkce) {
    return { kind: 'refused', fault: 'pkce needed', setting: 'requiresPkce' };
  }
  const { redirectUris, postLogoutUris, backchannelLogoutUri, startUrl } = client;
  // A code that is sent to Postern's own host would be in its log, and a sign-out that Postern tells itself of says nothing.
  const own = (setting: FaultySetting, addresses: readonly string[]): AppRefused | undefined => {
    const address = addresses.find((one) => isAt(baseUrl, one));
    return address === undefined ? undefined : { kind: 'refused', fault: 'own address', setting, address };
  };
  return (
    own('redirectUris', redirectUris) ??
    own('postLogoutUris', postLogoutUris) ??
    own('backchannelLogoutUri', backchannelLogoutUri === null ? [] : [backchannelLogoutUri]) ??
    elsewhere('startUrl', startUrl, origin)
  );
}

function refusalOfHandOver(
  { destination, startUrl }: SignedHandOver,
  origin: string,
): AppRefused | undefined {
  return elsewhere('destination', destination, origin) ?? elsewhere('startUrl', startUrl, origin);
}

/** A hand-over is for the app alone, and so is the link to its start page. */
function elsewhere(setting: FaultySetting, address: string | null, origin: string): AppRefused | undefined {
  if (address === null || new URL(address).origin === origin) return undefined;
  return { kind: 'refused', fault: 'elsewhere', setting, address };
}
