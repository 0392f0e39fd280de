import { POSTGRESQL } from '../support/databases.ts';
import { NGINX } from './app-proxies.ts';
import { guards } from './behind.ts';

guards(NGINX, POSTGRESQL, { chromium: 'de', lynx: 'en' });
