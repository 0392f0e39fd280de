import { z } from 'zod';
import type { PersonSnapshot } from '../../../policy/snapshot.ts';
import { type Grace, NO_GRACE } from '../../../settings/grace.ts';
import type { SignedIn } from '../../../web/auth-state.ts';
import { addConfirmPage, addQuestionPage } from '../../../web/confirm-page.ts';
import { flash } from '../../../web/flash.ts';
import { addFormPage, type FormExchange, type Redirect, type Redisplay } from '../../../web/form-page.ts';
import type { Exchange } from '../../../web/guards.ts';
import { redirectTo } from '../../../web/redirects.ts';
import type { AddPage } from '../../../web/routes.ts';
import type { PageServices } from '../../page-services.ts';
import { policyProposal, type Question } from '../policy/policy-preview.ts';
import { DATE_MISSING, graceFields, graceIn, hasDate, RULE_CHOICES } from '../policy/rule-fields.ts';
import { backToPerson, knownPerson } from './known-person.ts';
import {
  ACTIONS,
  type ActionId,
  type ActionServices,
  PERSON_ACTIONS,
  type PersonAction,
} from './person-action-list.ts';

type PersonActionServices = ActionServices &
  Pick<PageServices, 'guards' | 'policyImpact' | 'renderer' | 'snapshots'>;

type OnPerson = FormExchange<SignedIn, PersonSnapshot>;

const graceSchema = z.object(graceFields).refine(hasDate, DATE_MISSING);

/** /admin/people/:id/<action>: each asks first; those that change a rule show the effect on the person. */
export function personActionPages(addPage: AddPage, services: PersonActionServices): void {
  for (const id of PERSON_ACTIONS) {
    const { proposed } = ACTIONS[id];
    if (proposed) ruleActionPage(addPage, services, id, proposed);
    else plainActionPage(addPage, services, id);
  }
}

function plainActionPage(addPage: AddPage, services: PersonActionServices, id: ActionId): void {
  addFormPage(addPage, services, {
    ...basicsOf(services, id),
    schema: z.object({}),
    view: (exchange) => viewOf(exchange, id),
    submit: (_values, exchange) => perform(services, exchange, id, NO_GRACE),
  });
}

function ruleActionPage(
  addPage: AddPage,
  services: PersonActionServices,
  id: ActionId,
  proposed: NonNullable<PersonAction['proposed']>,
): void {
  const { takesGrace } = ACTIONS[id];
  const propose = async (exchange: OnPerson, grace: Grace) =>
    policyProposal(services, exchange, {
      proposed: proposed(exchange.subject, grace, exchange.who.context.now),
      apply: (bound) => perform(bound, exchange, id, grace),
      back: backToPerson(exchange.subject),
      ...(!takesGrace && { question: questionOf(exchange, id) }),
    });
  if (takesGrace) {
    addConfirmPage(addPage, services, {
      ...basicsOf(services, id),
      schema: graceSchema,
      view: (exchange) => ({ ...viewOf(exchange, id), view: 'admin/enforce-2fa' }),
      propose: (values, exchange) =>
        propose(exchange, graceIn(values, exchange.who.context.settings.timeZone)),
    });
  } else {
    const ask = (exchange: OnPerson) => propose(exchange, NO_GRACE);
    addQuestionPage(addPage, services, { ...basicsOf(services, id), propose: ask });
  }
}

function basicsOf(services: Pick<PageServices, 'administration' | 'guards' | 'snapshots'>, id: ActionId) {
  return {
    path: `/admin/people/:id/${id}`,
    guard: services.guards.steppedUpAdministrator,
    load: (exchange: Exchange<SignedIn>) => personOffered(services, exchange, id),
  };
}

/** The person, if the action is possible now. Otherwise redirects to their page, or to the page that replaces the action. */
async function personOffered(
  services: Pick<PageServices, 'administration' | 'snapshots'>,
  { who, request, response }: Exchange<SignedIn>,
  id: ActionId,
): Promise<PersonSnapshot | undefined> {
  const { offered, instead, needsLockout } = ACTIONS[id];
  const known = await knownPerson(services, request.params['id']);
  const { account } = known;
  const lockout = needsLockout && (await services.administration.lockout(known));
  if (!offered(account, who.account, lockout)) {
    const { goTo, flash: notice } = notNow(known);
    flash(request, { ...notice, path: goTo });
    await redirectTo(response, goTo);
    return undefined;
  }
  const path = instead?.(who.context.settings, account);
  if (path === undefined) return known;
  await redirectTo(response, path);
  return undefined;
}

function notNow(known: PersonSnapshot) {
  const notice = { key: 'person-action.not-now', kind: 'warning' } as const;
  return { goTo: backToPerson(known).href, flash: notice };
}

async function perform(
  services: ActionServices,
  { who, subject: known }: OnPerson,
  id: ActionId,
  grace: Grace,
): Promise<Redirect | Redisplay> {
  const action = ACTIONS[id];
  const { account } = known;
  const outcome = await action.perform(services, account, who.actor, grace);
  if (outcome === 'not now') return notNow(known);
  if (outcome === 'mail refused' || outcome === 'last administrator') {
    return { errors: [{ field: '', key: REFUSALS[outcome] }] };
  }
  const own = account.id === who.account.id ? action.own : undefined;
  const notice =
    outcome === 'mail waits'
      ? ({ key: 'person-action.mail-waits', kind: 'warning' } as const)
      : ({ key: action.done, kind: 'success' } as const);
  const values = { name: account.name, email: account.email };
  return { goTo: own?.goesTo ?? backToPerson(known).href, flash: { ...notice, values } };
}

const REFUSALS = {
  'mail refused': 'person-action.mail-refused',
  'last administrator': 'person-action.last-administrator',
} as const;

function questionOf({ who, subject: { account } }: OnPerson, id: ActionId): Question {
  const { own, severe } = ACTIONS[id];
  const { t } = who.context.words;
  const { name, email } = account;
  return {
    title: t(`person-action.${id}.title`, { name }),
    text: t(`person-action.${id}.text`, { name, email }),
    warning: own && account.id === who.account.id ? t(own.warning) : undefined,
    button: { text: t(`person-action.${id}.button`), kind: severe ? 'danger' : 'primary' },
  };
}

function viewOf(exchange: OnPerson, id: ActionId) {
  const { t } = exchange.who.context.words;
  const { title, ...model } = questionOf(exchange, id);
  const back = backToPerson(exchange.subject);
  return {
    view: 'admin/confirm',
    title,
    caption: t('menu.administration'),
    back,
    model: {
      ...model,
      graces: RULE_CHOICES.graces,
      question: { action: `${back.href}/${id}` },
      cancel: { href: back.href, text: t('enrolment.cancel') },
    },
  };
}
