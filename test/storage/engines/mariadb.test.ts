import { MARIADB } from '../../support/databases.ts';
import { storageSuites } from '../suites/all.ts';
import { firstStartSuite, outageSuite } from '../suites/outage.ts';

storageSuites(MARIADB);
firstStartSuite(MARIADB);
outageSuite(MARIADB);
