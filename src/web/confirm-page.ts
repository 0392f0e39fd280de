import type { Request } from 'express';
import type { z } from 'zod';
import type { MessageKey } from '../kernel/i18n.ts';
import type { AuthState } from './auth-state.ts';
import { flashForm, readFlashedForm } from './flash.ts';
import {
  addFormPage,
  type FormDeclaration,
  type FormExchange,
  type FormPageServices,
  formOf,
  type Loading,
  loaded,
  type Redirect,
  type Redisplay,
  redirectAccepted,
  withSubject,
} from './form-page.ts';
import { formView, type SubmittedValues } from './forms.ts';
import { redirectTo } from './redirects.ts';
import type { Page } from './rendering.ts';
import type { AddPage } from './routes.ts';

/** A change before it is made. */
export interface Proposal {
  /** Whether it needs a preview; if not, the form makes it at once. */
  readonly needsConfirming: () => Promise<boolean>;
  readonly preview: () => Promise<Preview>;
  readonly apply: () => Promise<Redirect | Redisplay>;
  /**
   * Makes the change if the state that its preview was computed from still has this `revision`, in one transaction with
   * that check. "stale": the state has changed, and nothing was written. `revision` comes from the browser: it may be anything.
   */
  readonly applyIfUnchanged: (revision: unknown) => Promise<Redirect | Redisplay | 'stale'>;
}

/** The page that shows the effect of a change. Its view sends `question`: `{ action, hidden }`. */
export interface Preview extends Page {
  /** Identifies the state that the preview was computed from. */
  readonly revision: string;
  /** The notice that another change was made meanwhile, and nothing was saved. */
  readonly staleNotice: MessageKey;
}

/** A form whose change is previewed and confirmed if necessary. */
export interface ConfirmPage<Who extends AuthState, Shape extends z.ZodRawShape, Subject>
  extends FormDeclaration<Who, Shape, Subject> {
  /** Path of the preview; `<path>/confirm` by default. */
  readonly confirmPath?: string;
  /** The change that the form asks for, computed from the current state; or the errors. */
  readonly propose: (
    values: z.infer<z.ZodObject<Shape>>,
    exchange: FormExchange<Who, Subject>,
  ) => Promise<Proposal | Redirect | Redisplay>;
}

/** A change without values: its page is the preview. */
export interface QuestionPage<Who extends AuthState, Subject>
  extends Pick<FormDeclaration<Who, z.ZodRawShape, Subject>, 'path' | 'guard' | 'load'> {
  /** The change that the page asks about, computed from the current state. */
  readonly propose: (exchange: FormExchange<Who, Subject>) => Promise<Proposal>;
}

/** The hidden field with the revision. */
const REVISION = 'revision';

/** Marks values that are kept for the preview: a form of unticked boxes has no values. */
const SENT = 'sent';

/**
 * Adds a form and its confirmation page. POST to the form makes the change, or keeps the values in the session and redirects to
 * the preview (303). POST to the preview makes the change that it showed, or answers 409 with the current preview. A preview
 * without kept values redirects to the form.
 */
export function addConfirmPage<Who extends AuthState, Shape extends z.ZodRawShape, Subject = undefined>(
  addPage: AddPage,
  services: FormPageServices,
  page: ConfirmPage<Who, Shape, Subject>,
): void {
  const { confirmPath = `${page.path}/confirm` } = page;
  const { parse, show } = formOf(services, page);

  addFormPage(addPage, services, {
    ...page,
    async submit(values, exchange) {
      const proposal = await page.propose(values, exchange);
      if (!isProposal(proposal)) return proposal;
      if (!(await proposal.needsConfirming())) return proposal.apply();
      const { request, response } = exchange;
      const path = inPlace(confirmPath, request);
      flashForm(request, { path, values: { ...parse(exchange).typed, [SENT]: 'on' } });
      await redirectTo(response, path);
      return undefined;
    },
  });

  addPage(confirmPath, {
    get: loaded(page, async (exchange) => {
      const { request, response } = exchange;
      const kept = readFlashedForm(request);
      const form = parse(exchange, kept);
      const proposal = form.ok && SENT in kept && (await page.propose(form.values, exchange));
      if (proposal && isProposal(proposal)) return ask(services, exchange, proposal, { typed: form.typed });
      await redirectTo(response, page.formPath?.(request) ?? inPlace(page.path, request));
    }),
    post: loaded(page, async (exchange) => {
      const { typed, ...form } = parse(exchange);
      if (!form.ok) return show(exchange, typed, { errors: form.errors });
      await decide(services, exchange, {
        load: page.load,
        propose: (present) => page.propose(form.values, present),
        refuse: (redisplay, present) => show(present, typed, redisplay),
        typed,
      });
    }),
  });
}

/** Adds the page of a change without values: GET asks, POST makes the change or asks again (409). */
export function addQuestionPage<Who extends AuthState, Subject = undefined>(
  addPage: AddPage,
  services: FormPageServices,
  { path, guard, load, propose }: QuestionPage<Who, Subject>,
): void {
  const typed = {};
  addPage(path, {
    get: loaded({ guard, load }, async (exchange) =>
      ask(services, exchange, await propose(exchange), { typed }),
    ),
    post: loaded({ guard, load }, (exchange) =>
      decide(services, exchange, {
        load,
        propose,
        refuse: async (redisplay, present) =>
          ask(services, present, await propose(present), { typed, ...redisplay }),
        typed,
      }),
    ),
  });
}

/** The parts of a confirmation. */
interface Steps<Who, Subject> extends QuestionOptions {
  readonly load: Loading<Who, Subject> | undefined;
  readonly propose: (exchange: FormExchange<Who, Subject>) => Promise<Proposal | Redirect | Redisplay>;
  readonly refuse: (redisplay: Redisplay, exchange: FormExchange<Who, Subject>) => Promise<void>;
}

/** Makes the change that the preview showed. If the state has changed since, reads everything again and asks again (409). */
async function decide<Who extends AuthState, Subject>(
  services: FormPageServices,
  exchange: FormExchange<Who, Subject>,
  { load, propose, refuse, typed }: Steps<Who, Subject>,
): Promise<void> {
  const answer = (outcome: Redirect | Redisplay, present: FormExchange<Who, Subject>) =>
    'errors' in outcome ? refuse(outcome, present) : redirectAccepted(present, outcome);
  const shown = await propose(exchange);
  if (!isProposal(shown)) return answer(shown, exchange);
  const body: unknown = exchange.request.body;
  const revision = typeof body === 'object' && body !== null && REVISION in body ? body[REVISION] : undefined;
  const outcome = await shown.applyIfUnchanged(revision);
  if (outcome !== 'stale') return answer(outcome, exchange);
  await withSubject(exchange, load, async (present) => {
    const proposal = await propose(present);
    if (!isProposal(proposal)) return answer(proposal, present);
    await ask(services, present, proposal, { typed, isStale: true });
  });
}

interface QuestionOptions extends Partial<Redisplay> {
  /** The form's values, sent again by the preview as hidden fields. */
  readonly typed: SubmittedValues;
  readonly isStale?: boolean;
}

/** Shows the preview with its form. */
async function ask(
  { renderer }: FormPageServices,
  { who, request, response }: FormExchange<AuthState, unknown>,
  proposal: Proposal,
  { typed, errors = [], model, isStale = false }: QuestionOptions,
): Promise<void> {
  const { words } = who.context;
  const { revision, staleNotice, ...page } = await proposal.preview();
  await renderer.show(request, response, {
    ...page,
    form: formView({}, errors, words),
    ...(isStale && { status: 409, notice: { kind: 'warning', text: words.t(staleNotice) } }),
    model: {
      ...page.model,
      ...model,
      question: { action: request.path, hidden: { ...typed, [REVISION]: revision } },
    },
  });
}

function isProposal(proposed: Proposal | Redirect | Redisplay): proposed is Proposal {
  return 'applyIfUnchanged' in proposed;
}

/** A pattern ("/admin/groups/:id/confirm") with the parameters of the request filled in. */
function inPlace(pattern: string, { params }: Request): string {
  return pattern.replace(/:(\w+)/g, (_parameter, name) => encodeURIComponent(String(params[name])));
}
