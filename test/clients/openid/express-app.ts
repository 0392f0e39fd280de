import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import openid from 'express-openid-connect';
import session from 'express-session';
import { GROUP, type Surroundings } from '../chain.ts';
import { WIKI, WIKI_HOST } from '../names.ts';
import { type Credentials, escaped, ISSUER, type OpenIdClient } from './open-id-app.ts';
import { portalFetch } from './portal-fetch.ts';

/** An app with express-openid-connect, set up as its documentation says; it keeps everything in memory. */
export function expressClient(): OpenIdClient {
  return {
    name: 'express-openid-connect',
    url: `${WIKI}/`,
    registration: {
      redirectUris: [`${WIKI}/callback`],
      signedOutUris: [WIKI],
      backchannel: `${WIKI}/backchannel-logout`,
      groups: [GROUP],
    },
    signOut: { url: `${WIKI}/logout`, asks: false },
    hearsOfSignOuts: true,
    async start(surroundings, credentials) {
      const server = createServer(expressApp(surroundings, credentials));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const close = async () => {
        server.close();
        server.closeAllConnections();
        await once(server, 'close');
      };
      return { apps: [{ host: WIKI_HOST, address: `127.0.0.1:${port}` }], close };
    },
  };
}

function expressApp(surroundings: Surroundings, { clientId, clientSecret }: Credentials) {
  const app = express();
  app.set('trust proxy', 'loopback');
  const store = new session.MemoryStore();
  app.use(
    openid.auth({
      issuerBaseURL: ISSUER,
      baseURL: WIKI,
      clientID: clientId,
      clientSecret,
      clientAuthMethod: 'client_secret_basic',
      secret: 'a-secret-of-more-than-32-characters',
      authorizationParams: { response_type: 'code', scope: 'openid profile email groups' },
      idpLogout: true,
      backchannelLogout: { store: store as never },
      enableTelemetry: false,
      customFetch: portalFetch(surroundings),
    }),
  );
  app.get('/', (request, response) => {
    const { email, name, groups } = request.oidc.user ?? {};
    response.send(`<!doctype html><html lang="en"><title>Wiki</title><h1>Wiki</h1>
      <p>User ${escaped(email)}</p><p>Name ${escaped(name)}</p><p>Groups ${escaped(String(groups))}</p>
      <p><a href="/logout">Leave</a></p></html>`);
  });
  return app;
}
