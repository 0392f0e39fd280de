import type { Request, Response } from 'express';
import { z } from 'zod';
import type { PasswordOutcome } from '../../accounts/password-sign-in.ts';
import type { Instant } from '../../time.ts';
import { type FieldFault, formView, parseForm, typedPassword } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import type { AddPage } from '../../web/routes.ts';
import { enterState } from '../../web/session.ts';
import type { Person } from '../../web/standing.ts';
import { newPassword, newPasswordFaults, PASSWORD_RULE } from '../account/new-password.ts';
import type { PageServices } from '../page-services.ts';
import { backToProfile, leadToProfile, PROFILE } from './overview.ts';

const PATH = `${PROFILE}/password`;
const schema = z.object({
  password: typedPassword('error.current-password-missing'),
  newPassword: newPassword(),
});

/** The current password and the new one (ASVS 6.2.3), after a step-up where the last is not fresh. */
export function passwordPage(addPage: AddPage, services: PageServices): void {
  const { guards } = services;
  addPage(PATH, {
    get: guards.steppedUp((person, request, response) => showForm(services, person, request, response, [])),
    post: guards.steppedUp(submitPasswords(services)),
  });
}

/** POST /profile/password: every other session ends, this one goes on under a new id. */
function submitPasswords(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const { account, actor, visit, state } = person;
    const form = parseForm(schema, request);
    if (!form.ok) return showForm(services, person, request, response, form.faults);
    const { password, newPassword: next } = form.values;
    const faults = newPasswordFaults(next, account, visit);
    if (faults.length > 0) return showForm(services, person, request, response, faults);
    const outcome = await services.passwordSignIn.confirm(account, password, actor);
    if (outcome.kind !== 'accepted') {
      return showForm(services, person, request, response, [refusal(outcome, services.clock())]);
    }
    const epoch = await services.credentials.changePassword(account, next, actor);
    const signInId = await services.signIns.begin({ ...account, sessionEpoch: epoch }, visit.origin);
    await enterState(request, { ...state, epoch, signInId });
    leadToProfile(services, 'profile.password-changed', request, response);
  };
}

/** The current password is not right, or was wrong too often. */
function refusal(outcome: Exclude<PasswordOutcome, { kind: 'accepted' }>, now: Instant): FieldFault {
  const field = 'password';
  if (outcome.kind === 'refused') return { field, key: 'step-up.refused' };
  return { field, key: 'sign-in.throttled', wait: outcome.until - now };
}

async function showForm(
  { renderer }: PageServices,
  { account, visit: { words } }: Person,
  request: Request,
  response: Response,
  faults: readonly FieldFault[],
): Promise<void> {
  await renderer.show(request, response, {
    view: 'profile/password',
    title: words.t('profile.password-title'),
    back: backToProfile(words),
    form: formView({}, faults, words),
    facts: { passwordRule: PASSWORD_RULE, address: account.email },
  });
}
