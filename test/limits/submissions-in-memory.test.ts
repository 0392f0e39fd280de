import { submissionsInMemorySuite } from '../storage/suites/submissions.ts';

describe('Forms that arrived, in memory', submissionsInMemorySuite);
