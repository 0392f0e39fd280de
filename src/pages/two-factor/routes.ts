import type { Request } from 'express';
import { z } from 'zod';
import { LONGEST_NAME } from '../../two-factor/authenticator.ts';
import { allowedAuthenticators } from '../../two-factor/policy.ts';
import { chooseAuthenticator } from '../../two-factor/second-step.ts';
import { formView, lineOfText, parseForm } from '../../web/forms.ts';
import { type Handler, RECOVERY_CODES } from '../../web/guards.ts';
import { ownPath } from '../../web/paths.ts';
import { NotFound } from '../../web/refusals.ts';
import type { AddPage } from '../../web/routes.ts';
import { forgetLeftovers, leaveNotice, readKeptForm, updateState } from '../../web/session.ts';
import type { Person } from '../../web/standing.ts';
import type { PageServices } from '../page-services.ts';
import { yourTwoFactor } from './overview.ts';
import { addRecoveryPages, makeRecoveryCodes } from './recovery-pages.ts';
import { addWizard } from './wizard.ts';

const OVERVIEW = '/profile/two-factor';

/** "Your 2FA": what there is, setting up, editing, removing. */
export function twoFactorPages(addPage: AddPage, services: PageServices): void {
  const { guards, renderer, clock } = services;

  addPage(OVERVIEW, { get: guards.signedIn(yourTwoFactor(services)) });

  addPage(`${OVERVIEW}/suggestion`, {
    get: guards.signedIn(async ({ visit }, request, response) => {
      await renderer.show(request, response, {
        view: 'two-factor/suggestion',
        title: visit.words.t('suggestion.title'),
        width: 'narrow',
        facts: { onward: ownPath(request.query['return-to']) },
      });
    }),
  });

  addWizard(addPage, services, {
    path: `${OVERVIEW}/set-up`,
    guard: guards.steppedUp,
    leave: OVERVIEW,
    async created(person, { name }, request, response) {
      const { enrolment: _finished, replacedId, ...rest } = person.state;
      const state = { ...rest, secondStep: true };
      const isFirst = person.authenticators.length === 0;
      const path = isFirst ? RECOVERY_CODES : OVERVIEW;
      const key = replacedId === undefined ? 'two-factor.created' : 'two-factor.replaced';
      leaveNotice(request, { path, key, kind: 'success', values: { name }, at: clock() });
      if (isFirst) await makeRecoveryCodes(services, person, state, request, OVERVIEW);
      else await updateState(request, state);
      response.redirect(303, path);
    },
  });

  addRecoveryPages(addPage, services);

  addPage(`${OVERVIEW}/:id`, {
    get: guards.steppedUp(showEdit(services)),
    post: guards.steppedUp(submitName(services)),
  });
  addPage(`${OVERVIEW}/:id/first`, { post: guards.steppedUp(askFirst(services)), formPath: editPath });
  addPage(`${OVERVIEW}/:id/replace`, {
    post: guards.steppedUp(beginReplacement(services)),
    formPath: editPath,
  });
  addPage(`${OVERVIEW}/:id/remove`, {
    get: guards.steppedUp(confirmRemoval(services)),
    post: guards.steppedUp(remove(services)),
  });
}

/** GET /profile/two-factor/:id */
function showEdit(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const { name } = authenticatorOf(person, request);
    const values = { name, ...readKeptForm(request, request.path) };
    await services.renderer.show(request, response, editPage(services, person, request, values, []));
  };
}

const nameSchema = z.object({ name: lineOfText('error.name-missing', LONGEST_NAME) });

/** POST /profile/two-factor/:id: the new name. */
function submitName(services: PageServices): Handler<Person> {
  const { authenticatorChanges, clock, renderer } = services;
  return async (person, request, response) => {
    const authenticator = authenticatorOf(person, request);
    const form = parseForm(nameSchema, request);
    if (!form.ok)
      return renderer.show(request, response, editPage(services, person, request, form.typed, form.faults));
    const { name } = form.values;
    if (!(await authenticatorChanges.rename(person.account, authenticator, name, person.actor))) {
      const faults = [{ field: 'name', key: 'error.name-taken' }] as const;
      return renderer.show(request, response, editPage(services, person, request, form.typed, faults));
    }
    forgetLeftovers(request);
    const values = { name };
    leaveNotice(request, { path: OVERVIEW, key: 'two-factor.renamed', kind: 'success', values, at: clock() });
    response.redirect(303, OVERVIEW);
  };
}

function editPage(
  { methods }: PageServices,
  person: Person,
  request: Request,
  typed: Readonly<Record<string, string>>,
  faults: Parameters<typeof formView>[1],
) {
  const { id, method, name } = authenticatorOf(person, request);
  const usable = allowedAuthenticators(person.policy, person.authenticators);
  const { several } = methods[method];
  const { words } = person.visit;
  return {
    view: 'two-factor/edit',
    title: words.t(`method.${method}.edit`),
    caption: name,
    back: { href: OVERVIEW, text: words.t('two-factor.title') },
    help: 'edit',
    form: formView(typed, faults, words),
    facts: {
      path: `${OVERVIEW}/${id}`,
      canBeFirst: usable.length > 1 && chooseAuthenticator(usable, undefined)?.id !== id,
      canBeReplaced: several && person.policy.methods.includes(method),
    },
  };
}

/** POST /profile/two-factor/:id/first: from now on it is asked for first. */
function askFirst({ authenticatorChanges, clock }: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const authenticator = authenticatorOf(person, request);
    await authenticatorChanges.prefer(person.account, authenticator, person.actor);
    const values = { name: authenticator.name };
    leaveNotice(request, {
      path: OVERVIEW,
      key: 'two-factor.preferred',
      kind: 'success',
      values,
      at: clock(),
    });
    response.redirect(303, OVERVIEW);
  };
}

/** POST /profile/two-factor/:id/replace: the wizard, whose new authenticator takes this one's place once it is proven. */
function beginReplacement({ methods }: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const { id, method } = authenticatorOf(person, request);
    if (!methods[method].several) throw new NotFound();
    const { enrolment: _dropped, ...rest } = person.state;
    await updateState(request, { ...rest, replacedId: id });
    response.redirect(303, `${OVERVIEW}/set-up/${method}`);
  };
}

/** GET /profile/two-factor/:id/remove: what will change, asked once more. */
function confirmRemoval({ renderer }: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const authenticator = authenticatorOf(person, request);
    const { words } = person.visit;
    const usable = allowedAuthenticators(person.policy, person.authenticators);
    await renderer.show(request, response, {
      view: 'two-factor/remove',
      title: words.t('two-factor.remove-title', { name: authenticator.name }),
      back: { href: `${OVERVIEW}/${authenticator.id}`, text: words.t('page.back') },
      help: 'remove',
      facts: {
        path: `${OVERVIEW}/${authenticator.id}`,
        isLast: usable.length === 1 && usable[0]?.id === authenticator.id,
        mandatory: person.policy.rule === 'mandatory',
        codesLeft: person.codesLeft,
      },
    });
  };
}

/** POST /profile/two-factor/:id/remove. Where 2FA is mandatory and this was the last, the next page is the wizard. */
function remove({ authenticatorChanges, clock }: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const authenticator = authenticatorOf(person, request);
    await authenticatorChanges.remove(person.account, authenticator, person.actor);
    forgetLeftovers(request);
    leaveNotice(request, {
      path: OVERVIEW,
      key: 'two-factor.removed',
      kind: 'success',
      values: { name: authenticator.name },
      at: clock(),
    });
    response.redirect(303, OVERVIEW);
  };
}

function editPath(request: Request): string {
  return `${OVERVIEW}/${request.params['id']}`;
}

/** The person's own authenticator of this id: somebody else's is not there. */
function authenticatorOf({ authenticators }: Person, request: Request) {
  const authenticator = authenticators.find(({ id }) => id === request.params['id']);
  if (!authenticator) throw new NotFound();
  return authenticator;
}
