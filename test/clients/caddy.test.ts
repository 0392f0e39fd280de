import { MARIADB } from '../support/databases.ts';
import { CADDY } from './app-proxies.ts';
import { guards } from './behind.ts';

guards(CADDY, MARIADB, { chromium: 'en', lynx: 'de' });
