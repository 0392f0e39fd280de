import type { Account } from '../../src/accounts/account.ts';
import type { Group } from '../../src/policy/group.ts';
import type { SettingsInput } from '../../src/policy/settings-changes.ts';
import { type Grace, NO_GRACE } from '../../src/settings/grace.ts';
import { METHOD_IDS, type MethodId } from '../../src/settings/method-ids.ts';
import type { TwoFactorRule } from '../../src/settings/rule.ts';
import { OPERATOR, type TestPortal } from './portal.ts';

/** A rule in tests; the defaults are: every method, no grace. */
export interface Rule {
  readonly rule: TwoFactorRule;
  readonly methods?: readonly MethodId[];
  readonly grace?: Grace;
}

/** An administrator changes the site's rule. */
export async function siteRuleIs(
  { services }: TestPortal,
  { rule, methods = METHOD_IDS, grace = NO_GRACE }: Rule,
): Promise<void> {
  const decided: Partial<SettingsInput> = { twoFactor: { rule, methods }, grace };
  await services.settingsChanges.change(decided, OPERATOR);
}

let number = 0;

/** A group with these members; an administrator has created it, and nobody gets a mail. */
export async function groupWith(
  { services, mailbox }: TestPortal,
  { rule, methods = METHOD_IDS, grace = NO_GRACE }: Rule,
  members: readonly Account[] = [],
  name = `Agents ${++number}`,
): Promise<Group> {
  const group = await services.groups.create({ name, rule, methods, grace }, OPERATOR);
  if (!group) throw new Error(`There is a group ${name} already.`);
  for (const account of members) {
    await services.groups.add(group, account, OPERATOR);
    await mailbox.next(account.email);
  }
  return group;
}
