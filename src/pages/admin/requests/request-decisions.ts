import type { Request } from 'express';
import { z } from 'zod';
import { type Account, canApprove } from '../../../accounts/account.ts';
import {
  LONGEST_NOTE,
  type RequestStanding,
  type ResetRequest,
  requestStanding,
} from '../../../administration/reset-request.ts';
import type { Instant } from '../../../kernel/time.ts';
import type { SignedIn } from '../../../web/auth-state.ts';
import { type Flash, flash } from '../../../web/flash.ts';
import { addFormPage } from '../../../web/form-page.ts';
import { linesOfText } from '../../../web/forms.ts';
import type { Exchange } from '../../../web/guards.ts';
import { NotFound } from '../../../web/http-errors.ts';
import { redirectTo } from '../../../web/redirects.ts';
import type { AddPage } from '../../../web/routes.ts';
import type { PageServices } from '../../page-services.ts';

type DecisionServices = Pick<PageServices, 'clock' | 'guards' | 'renderer' | 'resetRequests'>;

export const REQUESTS = '/admin/requests';

/** The decisions of an administrator about a request; their words are at `request-decision.<id>`. */
export const REQUEST_DECISIONS = ['approve', 'refuse', 'carry-out'] as const;
type DecisionId = (typeof REQUEST_DECISIONS)[number];

interface Decision {
  readonly offered: (
    resetRequest: ResetRequest,
    standing: RequestStanding,
    administrator: Account,
    now: Instant,
  ) => boolean;
  /** Whether the form has a note: how the identity was checked, or why the request is refused. */
  readonly noted: boolean;
  /** Carries the decision out and returns the message to show. `note` is "" for decisions without one. */
  readonly perform: (
    services: Pick<PageServices, 'resetRequests'>,
    resetRequest: ResetRequest,
    note: string,
    administrator: SignedIn,
  ) => Promise<Flash>;
}

const isTheirs = (resetRequest: ResetRequest, { id }: Account) => resetRequest.accountId === id;

const NOT_NOW: Flash = { key: 'request-decision.not-now', kind: 'warning' };
const REFUSED: Flash = { key: 'request-decision.refuse.done', kind: 'success' };
const CARRIED_OUT: Flash = { key: 'request-decision.carry-out.done', kind: 'success' };

const DECISIONS: Readonly<Record<DecisionId, Decision>> = {
  approve: {
    offered: (resetRequest, standing, administrator, now) =>
      (standing === 'undecided' || standing === 'one-more') &&
      canApprove(administrator, now) &&
      !isTheirs(resetRequest, administrator) &&
      resetRequest.approvals.every(({ administratorId }) => administratorId !== administrator.id),
    noted: true,
    perform: approve,
  },
  refuse: {
    offered: ({ state }) => state === 'open',
    noted: true,
    perform: async ({ resetRequests }, resetRequest, note, { actor }) =>
      (await resetRequests.refuse(resetRequest, note, actor)) ? REFUSED : NOT_NOW,
  },
  'carry-out': {
    offered: (_resetRequest, standing) => standing === 'due',
    noted: false,
    perform: async ({ resetRequests }, resetRequest, _note, { actor }) =>
      (await resetRequests.carryOut(resetRequest, actor)) ? CARRIED_OUT : NOT_NOW,
  },
};

async function approve(
  { resetRequests }: Pick<PageServices, 'resetRequests'>,
  resetRequest: ResetRequest,
  note: string,
  { account, actor, context }: SignedIn,
): Promise<Flash> {
  const outcome = await resetRequests.approve(resetRequest, note, account, actor);
  switch (outcome.kind) {
    case 'carried out':
      return CARRIED_OUT;
    case 'approved': {
      const values = { time: context.words.when(outcome.dueAt) };
      return { key: 'request-decision.approve.waiting', kind: 'success', values };
    }
    case 'one more':
      return { key: 'request-decision.approve.one-more', kind: 'success' };
    default:
      return NOT_NOW;
  }
}

/** The request in the URL; throws NotFound. */
export async function requestOf(
  { resetRequests }: Pick<PageServices, 'resetRequests'>,
  request: Request,
): Promise<ResetRequest> {
  const found = await resetRequests.find(String(request.params['id']));
  if (!found) throw new NotFound();
  return found;
}

export function offeredDecisions(
  resetRequest: ResetRequest,
  standing: RequestStanding,
  administrator: Account,
  now: Instant,
): readonly DecisionId[] {
  return REQUEST_DECISIONS.filter((id) => DECISIONS[id].offered(resetRequest, standing, administrator, now));
}

const noteSchema = z.object({ note: linesOfText('request-decision.note-missing', LONGEST_NOTE) });

/** /admin/requests/:id/:decision: the effect of the decision, and the field for the note. */
export function decisionPage(addPage: AddPage, services: DecisionServices): void {
  addFormPage(addPage, services, {
    path: `${REQUESTS}/:id/:decision`,
    guard: services.guards.steppedUpAdministrator,
    load: (exchange) => askedDecision(services, exchange),
    schema: ({ id }) => (DECISIONS[id].noted ? noteSchema : z.object({})),
    keeps: ['note'],
    view: ({ who: { context }, subject: { resetRequest, id } }) => ({
      view: 'admin/request-decision',
      title: context.words.t(`request-decision.${id}.title`, { name: resetRequest.person.name }),
      caption: context.words.t('menu.administration'),
      back: {
        href: `${REQUESTS}/${resetRequest.id}`,
        text: context.words.t('request.title', { name: resetRequest.person.name }),
      },
      model: {
        decision: { id, noted: DECISIONS[id].noted },
        request: { id: resetRequest.id, ...resetRequest.person },
        waiting: context.settings.resets.waitingHours,
      },
    }),
    async submit({ note = '' }, { who, subject: { resetRequest, id } }) {
      const message = await DECISIONS[id].perform(services, resetRequest, note, who);
      // Resetting their own 2FA has ended the administrator's session.
      const isSignedOut = message === CARRIED_OUT && isTheirs(resetRequest, who.account);
      return { goTo: isSignedOut ? '/sign-in' : `${REQUESTS}/${resetRequest.id}`, flash: message };
    },
  });
}

interface AskedDecision {
  readonly resetRequest: ResetRequest;
  readonly id: DecisionId;
}

/** The decision in the URL, if it is possible now; otherwise redirects to the request. */
async function askedDecision(
  services: Pick<PageServices, 'clock' | 'resetRequests'>,
  { who, request, response }: Exchange<SignedIn>,
): Promise<AskedDecision | undefined> {
  const id = REQUEST_DECISIONS.find((one) => one === request.params['decision']);
  if (!id) throw new NotFound();
  const resetRequest = await requestOf(services, request);
  const now = services.clock();
  const standing = requestStanding(resetRequest, who.context.settings.resets, now);
  if (DECISIONS[id].offered(resetRequest, standing, who.account, now)) return { resetRequest, id };
  const path = `${REQUESTS}/${resetRequest.id}`;
  flash(request, { path, ...NOT_NOW });
  await redirectTo(response, path);
  return undefined;
}
