import type { Request, Response } from 'express';
import { z } from 'zod';
import { LONGEST_PERSON_NAME } from '../../accounts/account.ts';
import type { Delivery } from '../../post/post.ts';
import { emailAddress, type FieldFault, formView, lineOfText, parseForm, tick } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import { forgetLeftovers, leaveNotice, readKeptForm } from '../../web/session.ts';
import type { Person } from '../../web/standing.ts';
import type { PageServices } from '../page-services.ts';

const schema = z.object({
  name: lineOfText('invite.name-missing', LONGEST_PERSON_NAME),
  email: emailAddress('invite.email-missing'),
  administrator: tick(),
});

/** What is said of the invitation. */
const INVITED = {
  accepted: { key: 'invite.sent', kind: 'success' },
  waiting: { key: 'invite.waits', kind: 'warning' },
  refused: { key: 'invite.not-sent', kind: 'warning' },
} as const satisfies Record<Delivery, unknown>;

type Typed = Readonly<Record<string, string>>;

/** GET /admin/people/invite */
export function inviteForm(services: PageServices): Handler<Person> {
  return async (person, request, response) =>
    showForm(services, person, request, response, readKeptForm(request, request.path), []);
}

/** POST /admin/people/invite: creates the account and mails the invitation. */
export function submitInvitation(services: PageServices): Handler<Person> {
  const { registration, accounts, clock } = services;
  return async (person, request, response) => {
    const form = parseForm(schema, request);
    if (!form.ok) return showForm(services, person, request, response, form.typed, form.faults);
    const { name, email, administrator } = form.values;
    const role = administrator ? 'administrator' : 'member';
    const delivery = await registration.invite({ name, email }, role, person.actor);
    const account = await accounts.findByEmail(email);
    if (!delivery || !account) {
      const fault = { field: 'email', key: 'invite.email-taken' } as const;
      return showForm(services, person, request, response, form.typed, [fault]);
    }
    forgetLeftovers(request);
    const path = `/admin/people/${account.id}`;
    // The account is there either way: a second try of this form would be told that the address is taken.
    leaveNotice(request, {
      path,
      ...INVITED[delivery],
      values: { email },
      at: clock(),
    });
    response.redirect(303, path);
  };
}

async function showForm(
  { renderer }: PageServices,
  { visit }: Person,
  request: Request,
  response: Response,
  typed: Typed,
  faults: readonly FieldFault[],
): Promise<void> {
  const { words } = visit;
  await renderer.show(request, response, {
    view: 'admin/invite',
    title: words.t('invite.title'),
    caption: words.t('menu.administration'),
    back: { href: '/admin/people', text: words.t('people.title') },
    form: formView(typed, faults, words),
  });
}
