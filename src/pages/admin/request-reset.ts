import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Account } from '../../accounts/account.ts';
import { LONGEST_NOTE, type ResetRequest } from '../../accounts/reset-request.ts';
import { type FieldFault, formView, linesOfText, parseForm } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import { forgetLeftovers, leaveNotice, readKeptForm } from '../../web/session.ts';
import type { Person } from '../../web/standing.ts';
import type { MessageKey } from '../../words.ts';
import type { PageServices } from '../page-services.ts';
import { accountOf } from './person-actions.ts';

const schema = z.object({ note: linesOfText('request-decision.note-missing', LONGEST_NOTE) });

type Typed = Readonly<Record<string, string>>;

/** GET /admin/people/:id/request-reset: where a second administrator has to approve, a reset begins as a request. */
export function resetRequestForm(services: PageServices): Handler<Person> {
  return onRequestable(services, ({ person, account }, request, response) =>
    showForm(services, person, account, request, response, readKeptForm(request, request.path), []),
  );
}

/** POST /admin/people/:id/request-reset */
export function submitResetRequest(services: PageServices): Handler<Person> {
  const { resetRequests, clock } = services;
  return onRequestable(services, async ({ person, account }, request, response) => {
    const form = parseForm(schema, request);
    if (!form.ok) return showForm(services, person, account, request, response, form.typed, form.faults);
    const { note } = form.values;
    const { isNew, id } = await resetRequests.askFor(account, note, person.account, person.actor);
    forgetLeftovers(request);
    const path = `/admin/requests/${id}`;
    const key = isNew ? 'request-reset.done' : 'request-reset.open-already';
    leaveNotice(request, { path, key, kind: isNew ? 'success' : 'info', values: {}, at: clock() });
    response.redirect(303, path);
  });
}

interface Requestable {
  readonly person: Person;
  readonly account: Account;
}

/** Runs the handler where a request is what it takes; otherwise leads to where the matter stands. */
function onRequestable(
  services: PageServices,
  handle: (asked: Requestable, request: Request, response: Response) => Promise<void>,
): Handler<Person> {
  return async (person, request, response) => {
    const account = await accountOf(services, request);
    const lead = (path: string, key: MessageKey) => {
      leaveNotice(request, { path, key, kind: 'info', values: {}, at: services.clock() });
      response.redirect(303, path);
    };
    const page = `/admin/people/${account.id}`;
    if (account.id === person.account.id) return lead(page, 'request-reset.own');
    if (account.passwordHash === null) return lead(page, 'person-action.not-now');
    if (!person.visit.settings.resets.secondApproval) return response.redirect(303, `${page}/reset-2fa`);
    const open = await openRequestOf(services, person, account);
    if (open) return lead(`/admin/requests/${open.id}`, 'request-reset.open-already');
    await handle({ person, account }, request, response);
  };
}

/** The account's request that is to be decided; nothing is asked where the administrator's page says that none is. */
export async function openRequestOf(
  { resetRequests }: PageServices,
  { visit }: Person,
  account: Account,
): Promise<ResetRequest | undefined> {
  return visit.person?.openRequests === 0 ? undefined : resetRequests.openOf(account);
}

async function showForm(
  { renderer }: PageServices,
  { visit: { words } }: Person,
  account: Account,
  request: Request,
  response: Response,
  typed: Typed,
  faults: readonly FieldFault[],
): Promise<void> {
  await renderer.show(request, response, {
    view: 'admin/request-reset',
    title: words.t('request-reset.title', { name: account.name }),
    caption: words.t('menu.administration'),
    back: { href: `/admin/people/${account.id}`, text: account.name },
    form: formView(typed, faults, words),
    facts: { person: { id: account.id, name: account.name, email: account.email } },
  });
}
