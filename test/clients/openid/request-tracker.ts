import { spawnLogged, started } from '../../deploy/proxies.ts';
import { requireTool } from '../../support/tools.ts';
import { apacheMainFile } from '../apache.ts';
import type { AppProxy } from '../app-proxies.ts';
import type { Surroundings } from '../chain.ts';
import { TICKETS, TICKETS_HOST } from '../names.ts';
import { installRequestTracker } from '../request-tracker.ts';
import { type Credentials, ISSUER, type OpenIdClient } from './open-id-app.ts';

/** The first account of a chain. */
const AGENT = 'ann1@example.org';
const CALLBACK = `${TICKETS}/openid/callback`;
const MODULES = ['authn_core', 'authz_user', 'auth_openidc'];

/** Apache's mod_auth_openidc, with Request Tracker behind it, which learns REMOTE_USER. */
export const REQUEST_TRACKER: OpenIdClient = {
  name: 'mod_auth_openidc with Request Tracker',
  url: `${TICKETS}/Ticket/Display.html?id=1`,
  registration: {
    redirectUris: [CALLBACK],
    signedOutUris: [`${TICKETS}/`],
    backchannel: `${CALLBACK}?logout=backchannel`,
    authentication: 'basic',
  },
  signOut: { url: `${CALLBACK}?logout=${encodeURIComponent(`${TICKETS}/`)}`, asks: false },
  hearsOfSignOuts: true,
  async start(surroundings, credentials) {
    const tracker = await installRequestTracker(surroundings.folder, AGENT, [
      `Set($LogoutURL, '/openid/callback?logout=${encodeURIComponent(`${TICKETS}/`)}');`,
    ]);
    const apache = [...settings(surroundings, credentials), tracker.additions?.apache].join('\n');
    return { apps: [{ host: TICKETS_HOST, additions: { apache } }], close: async () => {} };
  },
};

/** Apache that signs people in itself. */
export const OPENID_APACHE: AppProxy = {
  name: 'Apache',
  async start({ folder, port, authority, apps }) {
    const sites = apps.map(
      ({ host, additions }) => `<VirtualHost 127.0.0.1:${port}>
        ServerName ${host}:443
        UseCanonicalName On
        SSLEngine on
        SSLCertificateFile ${authority.certificate}
        SSLCertificateKeyFile ${authority.key}
        ${additions?.apache}
      </VirtualHost>`,
    );
    const file = apacheMainFile(folder, port, sites, MODULES);
    return started(spawnLogged(requireTool('apache2'), ['-D', 'FOREGROUND', '-f', file], folder), port);
  },
};

function settings({ network, authority }: Surroundings, { clientId, clientSecret }: Credentials): string[] {
  return [
    `OIDCProviderMetadataURL ${ISSUER}/.well-known/openid-configuration`,
    `OIDCClientID ${clientId}`,
    `OIDCClientSecret ${clientSecret}`,
    `OIDCRedirectURI ${CALLBACK}`,
    'OIDCCryptoPassphrase a-secret-of-this-run',
    'OIDCScope "openid email profile"',
    'OIDCPKCEMethod S256',
    'OIDCRemoteUserClaim email',
    // The port that visitors see.
    'RequestHeader set X-Forwarded-Port 443 early',
    'OIDCXForwardedHeaders X-Forwarded-Port',
    `OIDCOutgoingProxy ${new URL(network.proxyUrl).host}`,
    `OIDCCABundlePath ${authority.root}`,
    '<Location />',
    '  AuthType openid-connect',
    '  Require valid-user',
    '</Location>',
  ];
}
