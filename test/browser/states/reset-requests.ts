import type { Account } from '../../../src/accounts/account.ts';
import type { Person } from '../../support/person.ts';
import { enrolsApp } from '../../support/victim.ts';
import { type Studio, themselves } from './studio.ts';

const NOTE = 'Called back on the number that we have on file.';

/** Requests to reset a person's 2FA: the queue, one at each stage, and the decisions about it. */
export async function resetRequests(studio: Studio, ada: Person): Promise<void> {
  await studio.visits('requests/none', ada, '/admin/requests');
  const rita = await studio.account({ email: 'rita@example.org', name: 'Rita Request' });
  await asks(studio, rita);
  await studio.visits('requests/one', ada, '/admin/requests');
  await studio.visits('person/with-request', ada, `/admin/people/${rita.id}`);
  await ada.visits(await pageOf(studio, rita));
  await studio.keeps('request/open', ada);
  await policyLock(studio, ada, rita);
  await withSecondApproval(studio, ada);
  await studio.services.settings.change({ resets: { secondApproval: false, waitingHours: 0 } });
}

async function policyLock(studio: Studio, ada: Person, rita: Account): Promise<void> {
  const { t, services, portal } = studio;
  const page = await pageOf(studio, rita);
  await studio.visits('request-decision/refuse', ada, `${page}/refuse`);
  await studio.presses('request-decision/refuse-left-empty', ada, t('request-decision.refuse.button'));
  ada.fillsIn(t('request-decision.reason'), 'Not reached in three days.');
  await studio.presses('request/refused', ada, t('request-decision.refuse.button'));
  portal.wait(60_000);
  await asks(studio, rita);
  await services.settings.change({ resets: { secondApproval: false, waitingHours: 1 } });
  const next = await pageOf(studio, rita);
  await studio.visits('request-decision/approve', ada, `${next}/approve`);
  await studio.presses('request-decision/approve-left-empty', ada, t('request-decision.approve.button'));
  ada.fillsIn(t('request.identity'), NOTE);
  await studio.presses('request/waiting', ada, t('request-decision.approve.button'));
  const early = ada.copy();
  await studio.visits('request/not-now', early, `${next}/carry-out`);
  portal.wait(3_600_001);
  const again = await studio.signsIn({ email: 'ada@example.org' });
  await studio.visits('request/due', again, next);
  await studio.visits('request-decision/carry-out', again, `${next}/carry-out`);
  await studio.presses('request/carried-out', again, t('request-decision.carry-out.button'));
  for (const [name, value] of again.cookies) ada.cookies.set(name, value);
}

async function withSecondApproval(studio: Studio, ada: Person): Promise<void> {
  const { t, services } = studio;
  await services.settings.change({ resets: { secondApproval: true, waitingHours: 0 } });
  const sam = await studio.account({ email: 'sam@example.org', name: 'Sam Second' });
  await enrolsApp(studio.portal, sam);
  await studio.visits('request-reset/empty', ada, `/admin/people/${sam.id}/request-reset`);
  await studio.presses('request-reset/left-empty', ada, t('request-reset.submit'));
  ada.fillsIn(t('request.identity'), NOTE);
  await studio.presses('request/one-more-approval', ada, t('request-reset.submit'));
  await studio.visits('request/open-already', ada, `/admin/people/${sam.id}/request-reset`);
  const self = await services.accounts.findByEmail('ada@example.org');
  if (!self) throw new Error('Ada is gone.');
  await asks(studio, self);
  await studio.visits('request/own', ada, await pageOf(studio, self));
  await studio.visits('requests/several', ada, '/admin/requests');
  await theApprovalItself(studio, ada, self, sam);
}

/** A change that weakens the rules for resets: requested by oneself, and by another administrator. */
async function theApprovalItself(studio: Studio, ada: Person, self: Account, sam: Account): Promise<void> {
  const { t, services, portal } = studio;
  const at = portal.now();
  await services.accounts.setRole(sam.id, 'administrator', at);
  const resets = { secondApproval: false, waitingHours: 0 };
  const change = { id: 'change', resets, askedAt: at, confirmableFrom: at };
  const own = { ...change, askedBy: { id: self.id, label: self.email } };
  await services.settings.change({ pendingResets: own });
  await studio.visits('policy/a-change-waits', ada, '/admin/policy');
  await studio.visits('approval/own', ada, '/admin/policy/approval');
  const other = { ...change, askedBy: { id: sam.id, label: sam.email } };
  await services.settings.change({ pendingResets: other });
  await studio.visits('approval/another-s', ada, '/admin/policy/approval');
  await studio.presses('policy/approval-confirmed', ada, t('approval.confirm'));
  await services.accounts.setRole(sam.id, 'member');
  await services.settings.change({ resets: { secondApproval: true, waitingHours: 0 } });
  // The flash is gone by the next visit to the policy.
  portal.wait(121_000);
}

async function asks({ services }: Studio, account: Account): Promise<void> {
  const actor = { ...themselves(account), origin: { requestId: '', address: '192.0.2.7', browser: 'Lynx' } };
  const told = { happened: 'My phone fell into a lake.\nI have no other.', contact: 'Room 5' };
  const { kind } = await services.resetRequests.ask(account, told, actor);
  if (kind !== 'asked') throw new Error(`${account.email} could not ask: ${kind}`);
}

async function pageOf({ services }: Studio, account: Account): Promise<string> {
  const open = await services.resetRequests.openOf(account);
  if (!open) throw new Error(`${account.email} has no open request.`);
  return `/admin/requests/${open.id}`;
}
