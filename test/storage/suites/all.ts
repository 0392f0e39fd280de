import type { Engine } from '../../support/databases.ts';
import { accountsSuite } from './accounts.ts';
import { auditSuite } from './audit.ts';
import { authenticatorsSuite } from './authenticators.ts';
import { backupSuite } from './backup.ts';
import { challengesSuite } from './challenges.ts';
import { cohortsSuite } from './cohorts.ts';
import { gracesSuite } from './graces.ts';
import { groupsSuite } from './groups.ts';
import { limitsSuite } from './limits.ts';
import { linksSuite } from './links.ts';
import { mailsSuite } from './mails.ts';
import { migrationsSuite } from './migrations.ts';
import { peopleListsSuite } from './people-lists.ts';
import { readinessSuite } from './readiness.ts';
import { recoveryCodesSuite } from './recovery-codes.ts';
import { remindersSuite } from './reminders.ts';
import { resetRequestsSuite } from './reset-requests.ts';
import { sessionsSuite } from './sessions.ts';
import { settingsSuite } from './settings.ts';
import { signInsSuite } from './sign-ins.ts';
import { standingsSuite } from './standings.ts';
import { trustedBrowsersSuite } from './trusted-browsers.ts';
import { unitsOfWorkSuite } from './units-of-work.ts';

/** Everything that storage promises, on one database system. */
export function storageSuites(engine: Engine): void {
  describe(`storage on ${engine.name}`, () => {
    migrationsSuite(engine);
    unitsOfWorkSuite(engine);
    accountsSuite(engine);
    authenticatorsSuite(engine);
    challengesSuite(engine);
    recoveryCodesSuite(engine);
    trustedBrowsersSuite(engine);
    signInsSuite(engine);
    linksSuite(engine);
    mailsSuite(engine);
    limitsSuite(engine);
    settingsSuite(engine);
    groupsSuite(engine);
    peopleListsSuite(engine);
    gracesSuite(engine);
    cohortsSuite(engine);
    remindersSuite(engine);
    standingsSuite(engine);
    auditSuite(engine);
    resetRequestsSuite(engine);
    sessionsSuite(engine);
    backupSuite(engine);
    readinessSuite(engine);
  });
}
