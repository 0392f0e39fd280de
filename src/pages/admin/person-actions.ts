import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Account } from '../../accounts/account.ts';
import type { PersonFacts } from '../../accounts/standings.ts';
import { NO_GRACE } from '../../two-factor/grace.ts';
import { type FieldFault, formView, parseValues } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import { NotFound } from '../../web/refusals.ts';
import { forgetLeftovers, leaveNotice, readKeptForm } from '../../web/session.ts';
import type { Person } from '../../web/standing.ts';
import type { PageServices } from '../page-services.ts';
import { knownPerson } from './known-person.ts';
import {
  ACTIONS,
  type ActionId,
  type ActionOutcome,
  PERSON_ACTIONS,
  type PersonAction,
} from './person-action-list.ts';
import {
  effectOf,
  ifAsShown,
  leadToPreview,
  type PlannedChange,
  showPreview,
  staleness,
} from './policy-preview.ts';
import { DATE_MISSING, graceFields, graceIn, hasDate, RULE_CHOICES, typedGrace } from './rule-fields.ts';

/** The account in the URL. */
export async function accountOf({ accounts }: PageServices, request: Request): Promise<Account> {
  const account = await accounts.find(String(request.params['id']));
  if (!account) throw new NotFound();
  return account;
}

/** GET /admin/people/:id/:action: what it will do, asked once more. */
export function askAboutAction(services: PageServices): Handler<Person> {
  return onOffered(services, (asked, request, response) =>
    ask(services, asked, request, response, readKeptForm(request, request.path), []),
  );
}

const graceSchema = z.object(graceFields).refine(hasDate, DATE_MISSING);

const REFUSALS = {
  'mail refused': { field: '', key: 'person-action.mail-refused' },
  'last administrator': { field: '', key: 'person-action.last-administrator' },
} as const satisfies Record<string, FieldFault>;

/** POST /admin/people/:id/:action */
export function act(services: PageServices): Handler<Person> {
  return onOffered(services, async (asked, request, response) => {
    const { action } = asked;
    const form = parseValues(graceSchema, action.takesGrace ? (request.body ?? {}) : {});
    if (!form.ok) return ask(services, asked, request, response, form.typed, form.faults);
    const change = planned(services, asked, form.values);
    if (change && action.takesGrace) {
      if (await leadToPreview(services, asked.person, change, request, response)) return;
    } else if (change) {
      return performAsShown(services, asked, change, form.values, request, response, (anew) =>
        ask(services, anew, request, response, {}, []),
      );
    }
    const outcome = await perform(services, asked, form.values);
    await answer(services, asked, outcome, form.values, request, response);
  });
}

/** GET /admin/people/:id/:action/confirm: what it does to the person, with the grace that was just sent. */
export function confirmAction(services: PageServices): Handler<Person> {
  return onOffered(services, async (asked, request, response) => {
    const form = parseValues(graceSchema, readKeptForm(request, confirmPath(asked)));
    const change = form.ok && asked.action.takesGrace && planned(services, asked, form.values);
    if (!change) throw new NotFound();
    await showPreview(services, asked.person, change, request, response);
  });
}

/** POST /admin/people/:id/:action/confirm: does it, unless somebody has decided something else in between. */
export function actAsConfirmed(services: PageServices): Handler<Person> {
  return onOffered(services, async (asked, request, response) => {
    const form = parseValues(graceSchema, request.body ?? {});
    if (!form.ok) return ask(services, asked, request, response, form.typed, form.faults);
    const change = asked.action.takesGrace && planned(services, asked, form.values);
    if (!change) throw new NotFound();
    await performAsShown(services, asked, change, form.values, request, response, async (anew) => {
      const present = planned(services, anew, form.values) ?? change;
      await showPreview(services, anew.person, present, request, response);
    });
  });
}

type GraceForm = z.infer<typeof graceSchema>;

/** Undefined where it changes none of the rules that apply. */
function planned(
  { clock }: PageServices,
  { person, known, account, id, action }: Asked,
  values: GraceForm,
): PlannedChange | undefined {
  const grace = graceIn(values);
  return (
    action.whatIf && {
      whatIf: action.whatIf(known, grace, clock()),
      path: confirmPath({ account, id }),
      typed: typedGrace(grace),
      back: { href: `/admin/people/${account.id}`, text: account.name },
      keep: person.visit.words.t('enrolment.cancel'),
    }
  );
}

function confirmPath({ account, id }: Pick<Asked, 'account' | 'id'>): string {
  return `/admin/people/${account.id}/${id}/confirm`;
}

/** Does it, unless somebody has decided something else in between: then it is shown as it has become, if it is offered still. */
async function performAsShown(
  services: PageServices,
  asked: Asked,
  { whatIf }: PlannedChange,
  values: GraceForm,
  request: Request,
  response: Response,
  show: (anew: Asked) => Promise<void>,
): Promise<void> {
  const decision = await ifAsShown(services, whatIf, request, () => perform(services, asked, values));
  if (decision.kind === 'written') {
    return answer(services, asked, decision.outcome, values, request, response);
  }
  const anew = await offered(services, asked.person, request);
  if (anew.isOffered) await show(anew);
  else leadBack(services, anew.account, request, response);
}

function perform(
  services: PageServices,
  { person, account, action }: Asked,
  values: GraceForm,
): Promise<ActionOutcome> {
  return action.perform(services, account, person.actor, graceIn(values));
}

async function answer(
  services: PageServices,
  asked: Asked,
  outcome: ActionOutcome,
  values: GraceForm,
  request: Request,
  response: Response,
): Promise<void> {
  const { person, account, action } = asked;
  if (outcome === 'not now') return leadBack(services, account, request, response);
  const waits = outcome === 'mail waits';
  if (outcome !== 'done' && !waits)
    return ask(services, asked, request, response, typedGrace(graceIn(values)), [REFUSALS[outcome]]);
  forgetLeftovers(request);
  const own = account.id === person.account.id ? action.own : undefined;
  const path = own?.goesTo ?? `/admin/people/${account.id}`;
  const names = { name: account.name, email: account.email };
  const word = waits
    ? ({ key: 'person-action.mail-waits', kind: 'warning' } as const)
    : ({ key: action.done, kind: 'success' } as const);
  leaveNotice(request, { path, ...word, values: names, at: services.clock() });
  response.redirect(303, path);
}

interface Asked {
  readonly person: Person;
  readonly known: PersonFacts;
  readonly account: Account;
  readonly id: ActionId;
  readonly action: PersonAction;
}

/** Runs the handler when the action can be done now; otherwise shows the account as it has become meanwhile. */
function onOffered(
  services: PageServices,
  handle: (asked: Asked, request: Request, response: Response) => Promise<void>,
): Handler<Person> {
  return async (person, request, response) => {
    const { isOffered, ...asked } = await offered(services, person, request);
    if (!isOffered) return leadBack(services, asked.account, request, response);
    const instead = asked.action.instead?.(person.visit.settings, asked.account);
    if (instead !== undefined) return response.redirect(303, instead);
    await handle(asked, request, response);
  };
}

/** What the URL asks for, and whether it can be done to the account as it is now. */
async function offered(
  services: PageServices,
  person: Person,
  request: Request,
): Promise<Asked & { readonly isOffered: boolean }> {
  const id = PERSON_ACTIONS.find((one) => one === request.params['action']);
  if (!id) throw new NotFound();
  const known = await knownPerson(services, request.params['id']);
  const { account } = known;
  const action = ACTIONS[id];
  const heldUp = action.goesByHeldUp && (await services.administration.heldUp(known));
  return { person, known, account, id, action, isOffered: action.offered(account, person.account, heldUp) };
}

function leadBack({ clock }: PageServices, account: Account, request: Request, response: Response): void {
  const path = `/admin/people/${account.id}`;
  const key = 'person-action.not-now';
  leaveNotice(request, { path, key, kind: 'warning', values: {}, at: clock() });
  response.redirect(303, path);
}

async function ask(
  services: PageServices,
  { person, known, account, id, action }: Asked,
  request: Request,
  response: Response,
  typed: Readonly<Record<string, string>>,
  faults: readonly FieldFault[],
): Promise<void> {
  const { words } = person.visit;
  const isMailRefused = faults.includes(REFUSALS['mail refused']);
  const whatIf = action.takesGrace ? undefined : action.whatIf?.(known, NO_GRACE, services.clock());
  await services.renderer.show(request, response, {
    view: 'admin/person-action',
    title: words.t(`person-action.${id}.title`, { name: account.name }),
    caption: words.t('menu.administration'),
    back: { href: `/admin/people/${account.id}`, text: account.name },
    form: formView(typed, faults, words),
    ...(isMailRefused && { status: 502 }),
    // With nothing wrong in the form, what was sent did not fit what has been decided meanwhile.
    ...(faults.length === 0 && staleness(request, words)),
    facts: {
      action: { id, severe: action.severe ?? false, takesGrace: action.takesGrace ?? false },
      graces: RULE_CHOICES.graces,
      effect: whatIf && (await effectOf(services, person, whatIf, request)),
      person: { id: account.id, name: account.name, email: account.email },
      warning: account.id === person.account.id ? action.own?.warning : undefined,
    },
  });
}
