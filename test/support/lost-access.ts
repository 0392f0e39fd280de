import type { Person } from './person.ts';
import { OPERATOR, type TestPortal } from './portal.ts';
import { setsUpApp, signsIn } from './steps.ts';

/** The administrators' note about how they checked the identity. */
export const NOTE = 'Called back on the number on file';

/** A person with a lost app: half-way in, with a request in the queue; its mails are read. */
export async function losesAccess(portal: TestPortal, email: string, name = 'Ann <i>Lost</i>') {
  const account = await portal.account(email, 'member', name);
  await setsUpApp(portal, await signsIn(portal, email), email);
  const person = await signsIn(portal, email);
  await person.visits('/sign-in/code/lost-access');
  person.fillsIn('What happened?', 'My phone\nfell <b>into</b> a lake');
  person.fillsIn('How can we reach you?', 'Room 5');
  await person.presses('Request a reset');
  await portal.mailbox.next(email);
  const { resetRequests, authenticators, audit } = portal.services;
  const request = await resetRequests.openOf(account);
  if (!request) throw new Error('The request was not made.');
  return {
    account,
    person,
    request,
    page: `/admin/requests/${request.id}`,
    open: () => resetRequests.openOf(account),
    authenticators: () => authenticators.of(account.id),
    nextMail: () => portal.mailbox.next(email),
    /** The audit log's events of this name about the account, newest first. */
    events: async (event: Parameters<typeof audit.record>[0]) =>
      (await audit.search({ event, person: email, page: 1, pageSize: 50 })).events,
    /** Leaves no request for the next test. */
    ends: () => authenticators.reset(account.id, OPERATOR.party.label, portal.now()),
  };
}

/** From the page of the request: approves it with the note. */
export async function approves(administrator: Person, page: string): Promise<void> {
  await administrator.visits(page);
  await administrator.follow('Approve');
  administrator.fillsIn('How did you verify their identity?', NOTE);
  await administrator.presses('Approve reset');
}
