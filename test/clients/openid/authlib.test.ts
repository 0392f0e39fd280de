import { join } from 'node:path';
import { SQLITE } from '../../support/databases.ts';
import { WIKI } from '../names.ts';
import type { OpenIdClient } from './open-id-app.ts';
import { signsIn } from './signs-in.ts';
import { startsApp } from './started-app.ts';
import { TLS_FRONT } from './tls-front.ts';

const AUTHLIB: OpenIdClient = {
  name: 'Authlib under Flask',
  url: `${WIKI}/`,
  registration: {
    redirectUris: [`${WIKI}/callback`],
    signedOutUris: [`${WIKI}/left`],
    authentication: 'basic',
  },
  signOut: { url: `${WIKI}/leave`, asks: false, arrives: `${WIKI}/left` },
  start: (surroundings, credentials) =>
    startsApp(surroundings, credentials, ['/usr/bin/python3', join(import.meta.dirname, 'flask-app.py')]),
};

signsIn(AUTHLIB, TLS_FRONT, SQLITE);
