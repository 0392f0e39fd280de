import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Account } from '../../accounts/account.ts';
import {
  LONGEST_NOTE,
  type RequestStanding,
  type ResetRequest,
  requestStanding,
} from '../../accounts/reset-request.ts';
import type { DecisionOutcome } from '../../accounts/reset-requests.ts';
import { type FieldFault, formView, linesOfText, parseForm } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import { NotFound } from '../../web/refusals.ts';
import { forgetLeftovers, leaveNotice, readKeptForm, type SessionNotice } from '../../web/session.ts';
import type { Person } from '../../web/standing.ts';
import type { MessageKey } from '../../words.ts';
import type { PageServices } from '../page-services.ts';

/** What an administrator can decide about a request; the words stand under `request-decision.<id>`. */
export const REQUEST_DECISIONS = ['approve', 'refuse', 'carry-out'] as const;
type DecisionId = (typeof REQUEST_DECISIONS)[number];

type Told = Pick<SessionNotice, 'key' | 'kind' | 'values'> & { readonly key: MessageKey };

/** The request that is to be decided, by whom, and with which words about it. */
interface Deciding {
  readonly person: Person;
  readonly asked: ResetRequest;
  readonly note: string;
}

interface Decision {
  readonly offered: (asked: ResetRequest, standing: RequestStanding, administrator: Account) => boolean;
  /** Whether it takes a note: how the identity was checked, or why not. */
  readonly noted: boolean;
  readonly perform: (services: PageServices, deciding: Deciding) => Promise<Told>;
}

const isTheirs = (asked: ResetRequest, { id }: Account) => asked.accountId === id;

const DECISIONS: Readonly<Record<DecisionId, Decision>> = {
  approve: {
    offered: (asked, standing, administrator) =>
      (standing === 'undecided' || standing === 'one-more') &&
      !isTheirs(asked, administrator) &&
      asked.approvals.every(({ administratorId }) => administratorId !== administrator.id),
    noted: true,
    perform: approve,
  },
  refuse: {
    offered: ({ state }) => state === 'open',
    noted: true,
    perform: async ({ resetRequests }, { asked, note, person }) => {
      const isDone = await resetRequests.refuse(asked, note, person.actor);
      return isDone ? told('request-decision.refuse.done', 'success') : NOT_NOW;
    },
  },
  'carry-out': {
    offered: (_asked, standing) => standing === 'due',
    noted: false,
    perform: async ({ resetRequests }, { asked, person }) => {
      const isDone = await resetRequests.carryOut(asked, person.actor);
      return isDone ? told('request-decision.carry-out.done', 'success') : NOT_NOW;
    },
  },
};

function told(key: MessageKey, kind: Told['kind'], values: Told['values'] = {}): Told {
  return { key, kind, values };
}

const NOT_NOW = told('request-decision.not-now', 'warning');

async function approve({ resetRequests }: PageServices, { person, asked, note }: Deciding): Promise<Told> {
  const outcome: DecisionOutcome = await resetRequests.approve(asked, note, person.account, person.actor);
  switch (outcome.kind) {
    case 'carried out':
      return told('request-decision.carry-out.done', 'success');
    case 'approved':
      return told('request-decision.approve.waiting', 'success', {
        time: person.visit.words.when(outcome.dueAt),
      });
    case 'one more':
      return told('request-decision.approve.one-more', 'success');
    default:
      return NOT_NOW;
  }
}

/** The request in the URL. */
export async function requestOf({ resetRequests }: PageServices, request: Request): Promise<ResetRequest> {
  const found = await resetRequests.find(String(request.params['id']));
  if (!found) throw new NotFound();
  return found;
}

export function offeredDecisions(
  asked: ResetRequest,
  standing: RequestStanding,
  administrator: Account,
): readonly DecisionId[] {
  return REQUEST_DECISIONS.filter((id) => DECISIONS[id].offered(asked, standing, administrator));
}

/** GET /admin/requests/:id/:decision: what it will do, and the note that it takes. */
export function askToDecide(services: PageServices): Handler<Person> {
  return onOffered(services, (offer, request, response) =>
    showForm(services, offer, request, response, readKeptForm(request, request.path), []),
  );
}

const schema = z.object({ note: linesOfText('request-decision.note-missing', LONGEST_NOTE) });

/** POST /admin/requests/:id/:decision */
export function decide(services: PageServices): Handler<Person> {
  return onOffered(services, async (offer, request, response) => {
    const { person, asked, id } = offer;
    const { noted, perform } = DECISIONS[id];
    const form = noted ? parseForm(schema, request) : undefined;
    if (form?.ok === false) return showForm(services, offer, request, response, form.typed, form.faults);
    const outcome = await perform(services, { person, asked, note: form?.values.note ?? '' });
    forgetLeftovers(request);
    // Whose own 2FA was reset is signed out by it.
    const isSignedOut = outcome.key === 'request-decision.carry-out.done' && isTheirs(asked, person.account);
    const path = isSignedOut ? '/sign-in' : `/admin/requests/${asked.id}`;
    leaveNotice(request, { ...outcome, path, at: services.clock() });
    response.redirect(303, path);
  });
}

interface Offer {
  readonly person: Person;
  readonly asked: ResetRequest;
  readonly id: DecisionId;
}

/** Runs the handler when this can be decided now; otherwise shows the request as it has become meanwhile. */
function onOffered(
  services: PageServices,
  handle: (offer: Offer, request: Request, response: Response) => Promise<void>,
): Handler<Person> {
  return async (person, request, response) => {
    const id = REQUEST_DECISIONS.find((one) => one === request.params['decision']);
    if (!id) throw new NotFound();
    const asked = await requestOf(services, request);
    const standing = requestStanding(asked, person.visit.settings.resets, services.clock());
    if (DECISIONS[id].offered(asked, standing, person.account)) {
      return handle({ person, asked, id }, request, response);
    }
    const path = `/admin/requests/${asked.id}`;
    leaveNotice(request, { ...NOT_NOW, path, at: services.clock() });
    response.redirect(303, path);
  };
}

async function showForm(
  { renderer }: PageServices,
  { person: { visit }, asked, id }: Offer,
  request: Request,
  response: Response,
  typed: Readonly<Record<string, string>>,
  faults: readonly FieldFault[],
): Promise<void> {
  const { words, settings } = visit;
  const { name } = asked.person;
  await renderer.show(request, response, {
    view: 'admin/request-decision',
    title: words.t(`request-decision.${id}.title`, { name }),
    caption: words.t('menu.administration'),
    back: { href: `/admin/requests/${asked.id}`, text: words.t('request.title', { name }) },
    form: formView(typed, faults, words),
    facts: {
      decision: { id, noted: DECISIONS[id].noted },
      asked: { id: asked.id, name, email: asked.person.email },
      waiting: settings.resets.waitingHours,
    },
  });
}
