import type { Engine } from '../../support/databases.ts';
import { accountsSuite } from './accounts.ts';
import { auditSuite } from './audit.ts';
import { authenticatorsSuite } from './authenticators.ts';
import { backupSuite } from './backup.ts';
import { challengesSuite } from './challenges.ts';
import { clientBudgetsSuite } from './client-budgets.ts';
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
import { spellingsSuite } from './spellings.ts';
import { standingsSuite } from './standings.ts';
import { submissionsSuite } from './submissions.ts';
import { transactionsSuite } from './transactions.ts';
import { trustedBrowsersSuite } from './trusted-browsers.ts';

/** Everything that storage promises, on one database system. */
export function storageSuites(engine: Engine): void {
  describe(`storage on ${engine.name}`, () => {
    migrationsSuite(engine);
    transactionsSuite(engine);
    accountsSuite(engine);
    spellingsSuite(engine);
    authenticatorsSuite(engine);
    challengesSuite(engine);
    recoveryCodesSuite(engine);
    trustedBrowsersSuite(engine);
    signInsSuite(engine);
    linksSuite(engine);
    mailsSuite(engine);
    limitsSuite(engine);
    clientBudgetsSuite(engine);
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
    submissionsSuite(engine);
    backupSuite(engine);
    readinessSuite(engine);
  });
}
