import { MARIADB } from '../../support/databases.ts';
import { storageSuites } from '../suites/all.ts';
import { connectionLimitsSuite } from '../suites/connection-limits.ts';
import { firstStartSuite, outageSuite } from '../suites/outage.ts';

storageSuites(MARIADB);
firstStartSuite(MARIADB);
outageSuite(MARIADB);
connectionLimitsSuite(MARIADB, {
  sleep: 'select sleep(?)',
  connections: 'select count(*) as total from information_schema.processlist where db = ?',
});
