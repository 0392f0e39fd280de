import type { Request } from 'express';
import { z } from 'zod';
import { askedAuthenticators, satisfyingAuthenticators } from '../../policy/policy.ts';
import { type Authenticator, authenticatorName } from '../../two-factor/authenticator.ts';
import { chooseAuthenticator } from '../../two-factor/second-step.ts';
import type { SignedIn } from '../../web/auth-state.ts';
import { flash } from '../../web/flash.ts';
import {
  addAction,
  addFormPage,
  type FormExchange,
  type Redirect,
  redirectAccepted,
} from '../../web/form-page.ts';
import { type Handler, RECOVERY_CODES } from '../../web/guards.ts';
import { NotFound } from '../../web/http-errors.ts';
import { safeReturnPath } from '../../web/paths.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { AddPage } from '../../web/routes.ts';
import { updateState } from '../../web/session.ts';
import type { PageServices } from '../page-services.ts';
import { yourTwoFactor } from './overview.ts';
import { addRecoveryPages, makeRecoveryCodes } from './recovery-pages.ts';
import { addWizard } from './wizard.ts';

type EditServices = Pick<PageServices, 'authenticatorChanges' | 'guards' | 'methods' | 'renderer'>;

const OVERVIEW = '/profile/two-factor';

/** "Your 2FA": the overview, and setting up, editing and removing authenticators. */
export function twoFactorPages(addPage: AddPage, services: PageServices): void {
  const { guards, renderer, clock, completion, authenticatorChanges } = services;

  addPage(OVERVIEW, { get: guards.signedIn(yourTwoFactor(services)) });

  addPage(`${OVERVIEW}/suggestion`, {
    get: guards.signedIn(async ({ who: { context }, request, response }) => {
      await renderer.show(request, response, {
        view: 'two-factor/suggestion',
        title: context.words.t('suggestion.title'),
        width: 'narrow',
        model: { onward: safeReturnPath(request.query['return-to']) },
      });
    }),
  });

  addWizard(addPage, services, {
    path: `${OVERVIEW}/set-up`,
    guard: guards.steppedUp,
    leave: OVERVIEW,
    returnTo: ({ state }) => state.enrolmentReturnTo,
    accept({ state }, { method }, tx) {
      const { enrolment: _finished, replacedId: _replaced, enrolmentReturnTo: _elsewhere, ...rest } = state;
      return completion.in(tx).prove(rest, [{ factor: method, at: clock() }]);
    },
    async created(person, { authenticator: { name }, next: state }, request, response) {
      const { enrolmentReturnTo: onward = OVERVIEW, replacedId } = person.state;
      const isFirst = person.authenticators.length === 0;
      const path = isFirst ? RECOVERY_CODES : onward;
      const key = replacedId === undefined ? 'two-factor.created' : 'two-factor.replaced';
      flash(request, { path, key, kind: 'success', values: { name } });
      if (isFirst) await makeRecoveryCodes(services, person, state, request, onward);
      else await updateState(request, state);
      await redirectTo(response, path);
    },
  });

  addRecoveryPages(addPage, services);

  addEditPage(addPage, services);
  addAction(addPage, {
    path: `${OVERVIEW}/:id/first`,
    formPath: editPath,
    guard: guards.steppedUp,
    load: async ({ who, request }) => authenticatorOf(who, request),
    async act({ who, subject }) {
      await authenticatorChanges.prefer(who.account, subject, who.actor);
      return done('two-factor.preferred', subject);
    },
  });
  addAction(addPage, {
    path: `${OVERVIEW}/:id/replace`,
    formPath: editPath,
    guard: guards.steppedUp,
    load: async ({ who, request }) => authenticatorOf(who, request),
    act: beginReplacement(services),
  });
  addPage(`${OVERVIEW}/:id/remove`, {
    get: guards.steppedUp(confirmRemoval(services)),
    post: guards.steppedUp(remove(services)),
  });
}

/** /profile/two-factor/:id: the form of the name, and links to the other actions. */
function addEditPage(addPage: AddPage, services: EditServices): void {
  const { guards, methods, authenticatorChanges } = services;
  addFormPage(addPage, services, {
    path: `${OVERVIEW}/:id`,
    guard: guards.steppedUp,
    schema: z.object({ name: authenticatorName() }),
    load: async ({ who, request }) => authenticatorOf(who, request),
    values: ({ subject: { name } }) => ({ name }),
    view({ who, subject: { id, method, name } }) {
      const { words } = who.context;
      const asked = askedAuthenticators(who);
      const isAsked = asked.some((one) => one.id === id);
      return {
        view: 'two-factor/edit',
        title: words.t(`method.${method}.edit`),
        caption: name,
        back: { href: OVERVIEW, text: words.t('two-factor.title') },
        help: 'edit',
        model: {
          path: `${OVERVIEW}/${id}`,
          canBeFirst: isAsked && chooseAuthenticator(asked, undefined)?.id !== id,
          canBeReplaced: methods[method].allowsMultiple && who.policy.methods.includes(method),
        },
      };
    },
    async submit({ name }, { who, subject }) {
      if (!(await authenticatorChanges.rename(who.account, subject, name, who.actor))) {
        return { errors: [{ field: 'name', key: 'error.name-taken' }] };
      }
      return done('two-factor.renamed', { name });
    },
  });
}

/** Redirects to the wizard. Its new authenticator replaces this one after it has been proven. */
function beginReplacement({ methods }: Pick<PageServices, 'methods'>) {
  return async ({ who, request, subject }: FormExchange<SignedIn, Authenticator>): Promise<Redirect> => {
    const { id, method } = subject;
    if (!methods[method].allowsMultiple) throw new NotFound();
    const { enrolment: _dropped, enrolmentReturnTo: _elsewhere, ...rest } = who.state;
    await updateState(request, { ...rest, replacedId: id });
    return { goTo: `${OVERVIEW}/set-up/${method}` };
  };
}

/** GET /profile/two-factor/:id/remove: shows the effect and asks for confirmation. */
function confirmRemoval({ renderer }: Pick<PageServices, 'renderer'>): Handler<SignedIn> {
  return async ({ who: person, request, response }) => {
    const authenticator = authenticatorOf(person, request);
    const { words } = person.context;
    const { rule, methods } = person.policy;
    const rest = person.authenticators.filter(({ id }) => id !== authenticator.id);
    await renderer.show(request, response, {
      view: 'two-factor/remove',
      title: words.t('two-factor.remove-title', { name: authenticator.name }),
      back: { href: `${OVERVIEW}/${authenticator.id}`, text: words.t('page.back') },
      help: 'remove',
      model: {
        path: `${OVERVIEW}/${authenticator.id}`,
        offered: methods.includes(authenticator.method),
        isLast: rest.length === 0,
        // 2FA is mandatory and no other authenticator satisfies it: the wizard comes next.
        mandatory: rule === 'mandatory' && satisfyingAuthenticators(person.policy, rest).length === 0,
        codesLeft: person.codesLeft,
      },
    });
  };
}

/** POST /profile/two-factor/:id/remove. If 2FA is mandatory and this was the last, the next page is the wizard. */
function remove({ authenticatorChanges }: Pick<PageServices, 'authenticatorChanges'>): Handler<SignedIn> {
  return async (exchange) => {
    const { who, request } = exchange;
    const authenticator = authenticatorOf(who, request);
    await authenticatorChanges.remove(who.account, authenticator, who.actor);
    await redirectAccepted(exchange, done('two-factor.removed', authenticator));
  };
}

/** Redirects to the overview, which shows what was done to the authenticator with this name. */
function done(
  key: 'two-factor.preferred' | 'two-factor.removed' | 'two-factor.renamed',
  { name }: { readonly name: string },
): Redirect {
  return { goTo: OVERVIEW, flash: { key, kind: 'success', values: { name } } };
}

function editPath(request: Request): string {
  return `${OVERVIEW}/${request.params['id']}`;
}

/** The person's own authenticator with the id in the URL. Throws NotFound, also for somebody else's. */
function authenticatorOf({ authenticators }: SignedIn, request: Request) {
  const authenticator = authenticators.find(({ id }) => id === request.params['id']);
  if (!authenticator) throw new NotFound();
  return authenticator;
}
