import { SQLITE } from '../support/databases.ts';
import { HAPROXY } from './app-proxies.ts';
import { guards } from './behind.ts';

guards(HAPROXY, SQLITE, { chromium: 'fr', lynx: 'en' });
