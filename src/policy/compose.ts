import type { Accounts } from '../accounts/accounts.ts';
import type { Administrators } from '../accounts/administrators.ts';
import type { Audit } from '../audit/audit.ts';
import type { Clock } from '../kernel/time.ts';
import type { Transact } from '../kernel/transaction.ts';
import type { Mailer } from '../mail/mailer.ts';
import type { Notices } from '../mail/notices.ts';
import type { SettingsStore } from '../settings/settings.ts';
import type { TrustedBrowserStore } from '../two-factor/trusted-browser.ts';
import { Adoption } from './adoption.ts';
import type { GroupStore } from './group.ts';
import { Groups } from './groups.ts';
import { PolicyImpact } from './impact.ts';
import { type GraceStore, Policies } from './policies.ts';
import { type ReminderStore, Reminders } from './reminders.ts';
import { type CohortStore, PolicyReport } from './report.ts';
import { SettingsChanges } from './settings-changes.ts';
import type { AuthSnapshots } from './snapshot.ts';

interface PolicyStores {
  readonly snapshots: AuthSnapshots;
  readonly groups: GroupStore;
  readonly graces: GraceStore;
  readonly cohorts: CohortStore;
  readonly reminders: ReminderStore;
  readonly trustedBrowsers: TrustedBrowserStore;
}

interface PolicyBase {
  readonly clock: Clock;
  readonly transaction: Transact;
  /** Runs decisions over people one at a time, each in a transaction. */
  readonly policyLock: Transact;
  readonly settings: SettingsStore;
  readonly audit: Audit;
  readonly mails: Mailer;
  readonly notices: Notices;
  readonly accounts: Accounts;
  readonly administrators: Administrators;
}

export function composePolicy(stores: PolicyStores, base: PolicyBase) {
  const { snapshots, groups, graces, cohorts, trustedBrowsers: trust } = stores;
  const policies = new Policies({ groups, graces, clock: base.clock });
  const policyReport = new PolicyReport({ ...base, cohorts, groups, policies });
  const parts = { ...base, snapshots, policies, policyReport, trust, post: base.mails };
  return {
    ...{ snapshots, policies, policyReport },
    groups: new Groups({ ...parts, store: groups }),
    policyImpact: new PolicyImpact({ ...parts, groups }),
    adoption: new Adoption(parts),
    reminders: new Reminders({ ...parts, store: stores.reminders }),
    settingsChanges: new SettingsChanges(parts),
  };
}
