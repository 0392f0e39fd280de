import { days } from '../../src/kernel/time.ts';
import { type Preparation, trusts } from './changes.ts';
import { groupWith } from './policies.ts';
import { OPERATOR } from './portal.ts';
import { newEmail } from './victim.ts';

/** Changes by administrators to groups, and to the policy of single people. */
export const GROUP_CHANGES: Readonly<Record<string, Preparation>> = {
  'a group': async ({ portal }) => {
    const decided = { name: newEmail('group'), rule: 'off', methods: [], grace: { kind: 'none' } } as const;
    return () => portal.services.groups.create(decided, OPERATOR);
  },
  'another rule of a group': async (subject) => {
    const { portal, account } = subject;
    const group = await groupWith(portal, { rule: 'off' });
    await portal.services.groups.add(group, account, OPERATOR);
    await trusts(subject);
    const decided = { ...group, rule: 'mandatory', grace: { kind: 'days', days: 3 } } as const;
    return () => portal.services.groups.change(group, decided, OPERATOR);
  },
  'a group that is deleted with its memberships': async (subject) => {
    const { portal, account } = subject;
    const group = await groupWith(portal, { rule: 'mandatory', grace: { kind: 'days', days: 3 } });
    await portal.services.groups.add(group, account, OPERATOR);
    await trusts(subject);
    return () => portal.services.groups.remove(group, OPERATOR);
  },
  'a person who joins a group': async (subject) => {
    const { portal, account } = subject;
    const group = await groupWith(portal, { rule: 'off' });
    await trusts(subject);
    return () => portal.services.groups.add(group, account, OPERATOR);
  },
  'a person who leaves a group': async (subject) => {
    const { portal, account } = subject;
    const group = await groupWith(portal, { rule: 'off' });
    await portal.services.groups.add(group, account, OPERATOR);
    await trusts(subject);
    return () => portal.services.groups.drop(group, account, OPERATOR);
  },
  '2FA that is enforced for one person': async (subject) => {
    const { portal, account } = subject;
    await trusts(subject);
    const until = { kind: 'until', at: portal.now() + days(3) } as const;
    return () => portal.services.administration.enforceTwoFactor(account, until, OPERATOR);
  },
  'an enforcement that is lifted': async (subject) => {
    const { portal, account } = subject;
    await portal.services.administration.enforceTwoFactor(account, { kind: 'none' }, OPERATOR);
    await trusts(subject);
    return () => portal.services.administration.liftEnforcement(account, OPERATOR);
  },
};
