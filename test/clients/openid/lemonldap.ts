import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnLogged, started } from '../../deploy/proxies.ts';
import { freePort } from '../../support/free-port.ts';
import { requireTool } from '../../support/tools.ts';
import type { Surroundings } from '../chain.ts';
import { LEMON_HOST } from '../names.ts';
import { type Credentials, ISSUER, type OpenIdClient } from './open-id-app.ts';
import { portalFetch } from './portal-fetch.ts';

const LEMON = `https://${LEMON_HOST}/`;
const PROGRAM = '/usr/share/lemonldap-ng/portal/htdocs/index.psgi';

/** LemonLDAP::NG, a sign-in of its own, which asks Postern who somebody is. It does not know PKCE. */
export const LEMONLDAP: OpenIdClient = {
  name: 'LemonLDAP::NG as relying party',
  url: LEMON,
  registration: {
    redirectUris: [`${LEMON}?openidconnectcallback=1`],
    signedOutUris: [`${LEMON}?logout=1`],
    authentication: 'basic',
    pkce: false,
  },
  signOut: { url: `${LEMON}?logout=1`, asks: false },
  async start(surroundings, credentials) {
    const folder = join(surroundings.folder, 'lemonldap');
    for (const name of ['conf', 'sessions', 'psessions', 'cache'])
      mkdirSync(join(folder, name, 'lock'), { recursive: true });
    writeFileSync(join(folder, 'lemonldap-ng.ini'), settings(folder));
    const configuration = { ...(await provider(surroundings, credentials)), ...sessions(folder) };
    writeFileSync(join(folder, 'conf/lmConf-1.json'), JSON.stringify(configuration));
    const port = await freePort();
    const options = ['--host', '127.0.0.1', '--port', String(port), requireTool(PROGRAM)];
    const environment = {
      ...surroundings.network.environment(surroundings.authority),
      LLNG_DEFAULTCONFFILE: join(folder, 'lemonldap-ng.ini'),
    };
    const close = await started(spawnLogged('plackup', options, folder, environment), port);
    return { apps: [{ host: LEMON_HOST, address: `127.0.0.1:${port}` }], close };
  },
};

function settings(folder: string): string {
  return [
    ...['[all]', 'logLevel = warn', '[configuration]', 'type = File', `dirName = ${join(folder, 'conf')}`],
    ...[
      '[portal]',
      'staticPrefix = /static',
      `templateDir = /usr/share/lemonldap-ng/portal/templates`,
      'languages = en',
      '',
    ],
  ].join('\n');
}

/** What an administrator of LemonLDAP::NG fills in, by its documentation ("OpenID Connect as relying party"). */
async function provider(surroundings: Surroundings, { clientId, clientSecret }: Credentials) {
  const get = portalFetch(surroundings);
  const metadata = await (await get(`${ISSUER}/.well-known/openid-configuration`)).text();
  const { jwks_uri } = JSON.parse(metadata) as { readonly jwks_uri: string };
  return {
    authentication: 'OpenIDConnect',
    userDB: 'Same',
    passwordDB: 'Null',
    oidcOPMetaDataJSON: { postern: metadata },
    oidcOPMetaDataJWKS: { postern: await (await get(jwks_uri)).text() },
    oidcOPMetaDataOptions: {
      postern: {
        oidcOPMetaDataOptionsClientID: clientId,
        oidcOPMetaDataOptionsClientSecret: clientSecret,
        oidcOPMetaDataOptionsConfigurationURI: `${ISSUER}/.well-known/openid-configuration`,
        oidcOPMetaDataOptionsScope: 'openid profile email groups',
        oidcOPMetaDataOptionsTokenEndpointAuthMethod: 'client_secret_basic',
        oidcOPMetaDataOptionsCheckJWTSignature: 1,
        oidcOPMetaDataOptionsStoreIDToken: 1,
        oidcOPMetaDataOptionsUseNonce: 1,
        oidcOPMetaDataOptionsJWKSTimeout: 0,
        oidcOPMetaDataOptionsIDTokenMaxAge: 30,
      },
    },
    oidcOPMetaDataExportedVars: { postern: { uid: 'preferred_username', mail: 'email', cn: 'name' } },
    portalUserAttr: 'mail',
  };
}

function sessions(folder: string) {
  const files = (name: string) => ({
    Directory: join(folder, name),
    LockDirectory: join(folder, name, 'lock'),
    generateModule: 'Lemonldap::NG::Common::Apache::Session::Generate::SHA256',
  });
  return {
    ...{ cfgNum: 1, cfgDate: 1, cfgVersion: '2.16.1', portal: LEMON, domain: LEMON_HOST, securedCookie: 1 },
    ...{ cookieName: 'lemonldap', whatToTrace: '_user', portalSkin: 'bootstrap' },
    // Nobody has to read letters of a picture; its module would have to be installed. Any other can be loaded in its place.
    captcha: '::Plugins::GlobalLogout',
    exportedVars: {},
    macros: {},
    groups: {},
    locationRules: { [LEMON_HOST]: { default: 'accept' } },
    globalStorage: 'Apache::Session::File',
    globalStorageOptions: files('sessions'),
    persistentStorage: 'Apache::Session::File',
    persistentStorageOptions: files('psessions'),
  };
}
