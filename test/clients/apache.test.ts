import { POSTGRESQL } from '../support/databases.ts';
import { APACHE } from './app-proxies.ts';
import { guards } from './behind.ts';

guards(APACHE, POSTGRESQL, { chromium: 'en', lynx: 'de' });
