import { join } from 'node:path';
import { SQLITE } from '../../support/databases.ts';
import { WIKI } from '../names.ts';
import type { OpenIdClient } from './open-id-app.ts';
import { signsIn } from './signs-in.ts';
import { startsApp } from './started-app.ts';
import { TLS_FRONT } from './tls-front.ts';

/** What Zammad and GitLab run; it knows neither PKCE nor a hint at the sign-out. */
const OMNIAUTH: OpenIdClient = {
  name: 'omniauth-openid-connect under Sinatra',
  url: `${WIKI}/`,
  begins: 'Sign in with Postern',
  registration: {
    redirectUris: [`${WIKI}/auth/openid_connect/callback`],
    authentication: 'post',
    pkce: false,
  },
  signOut: { url: `${WIKI}/leave`, asks: true },
  start: (surroundings, credentials) =>
    startsApp(surroundings, credentials, ['/usr/bin/ruby', join(import.meta.dirname, 'sinatra-app.rb')]),
};

signsIn(OMNIAUTH, TLS_FRONT, SQLITE);
