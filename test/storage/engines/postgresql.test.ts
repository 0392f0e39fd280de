import { POSTGRESQL } from '../../support/databases.ts';
import { storageSuites } from '../suites/all.ts';
import { connectionLimitsSuite } from '../suites/connection-limits.ts';
import { firstStartSuite, outageSuite } from '../suites/outage.ts';
import { trigramsSuite } from '../suites/search.ts';

storageSuites(POSTGRESQL);
firstStartSuite(POSTGRESQL);
outageSuite(POSTGRESQL);
trigramsSuite();
connectionLimitsSuite(POSTGRESQL, {
  sleep: 'select pg_sleep(?)',
  // Not the server's own: autovacuum visits each database, more often with more databases.
  connections:
    "select count(*) as total from pg_stat_activity where datname = ? and backend_type = 'client backend'",
});
