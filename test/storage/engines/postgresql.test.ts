import { POSTGRESQL } from '../../support/databases.ts';
import { storageSuites } from '../suites/all.ts';
import { firstStartSuite, outageSuite } from '../suites/outage.ts';
import { trigramsSuite } from '../suites/search.ts';

storageSuites(POSTGRESQL);
firstStartSuite(POSTGRESQL);
outageSuite(POSTGRESQL);
trigramsSuite();
