import type { Request, RequestHandler } from 'express';
import type { z } from 'zod';
import type { AuthState } from './auth-state.ts';
import { clearFlash, dropFlash, type Flash, flash, readFlashedForm } from './flash.ts';
import {
  type FieldError,
  formView,
  type Parsed,
  parseForm,
  parseValues,
  type SubmittedValues,
} from './forms.ts';
import type { Exchange, Handler } from './guards.ts';
import { redirectTo } from './redirects.ts';
import type { Page, Renderer } from './rendering.ts';
import type { AddPage, KeptFields } from './routes.ts';

/**
 * The form was rejected: its page is shown again with the values that were sent. Status 422; 429 with `Retry-After` if an error
 * has a wait; 200 without errors, to show a notice first.
 */
export interface Redisplay extends Pick<Page, 'notice' | 'model'> {
  readonly errors: readonly FieldError[];
}

/** The form was accepted: 303 to another page, which shows the flash. */
export interface Redirect {
  /** A path of this site. */
  readonly goTo: string;
  readonly flash?: Flash;
  /** What was typed into another form stays kept: this is a step on the way to it, such as a code sent during a step-up. */
  readonly keepsForm?: true;
}

/** The outcome of a form. Undefined: `submit` has sent the response. */
export type FormOutcome = Redisplay | Redirect | undefined;

/** A request for a form page, with the subject of the page. */
export interface FormExchange<Who, Subject> extends Exchange<Who> {
  readonly subject: Subject;
}

type Guard<Who> = (handler: Handler<Who>) => RequestHandler;

/** Loads the subject of a page. Undefined: it has sent the response (a redirect). It may throw NotFound. */
export type Loading<Who, Subject> = (exchange: Exchange<Who>) => Promise<Subject | undefined>;

/** The parts of a declaration that every POST has. */
interface Endpoint<Who extends AuthState, Subject> {
  /** The pattern of its URL, such as "/admin/people/:id". */
  readonly path: string;
  readonly guard: Guard<Who>;
  readonly load?: Loading<Who, Subject> | undefined;
  /** The page with the form, if not `path`: a step-up or an error page leads back to it. */
  readonly formPath?: (request: Request) => string;
}

/** A form: its guard, fields, values and view. */
export interface FormDeclaration<Who extends AuthState, Shape extends z.ZodRawShape, Subject>
  extends Endpoint<Who, Subject> {
  /** Guard of GET, for forms that can be seen before a step-up. */
  readonly viewGuard?: Guard<Who>;
  /** The fields in the order of the page; messages are keys of the catalogue. A function if they depend on the subject. */
  readonly schema: z.ZodObject<Shape> | ((subject: Subject) => z.ZodObject<Shape>);
  /**
   * Fields whose text is kept in the session during a step-up and shown again after an error; never secrets (see `forms.ts`).
   * By default all fields are shown again, and those of a fixed schema are kept.
   */
  readonly keeps?: KeptFields;
  /** The initial values of the fields. */
  readonly values?: (exchange: FormExchange<Who, Subject>) => SubmittedValues;
  /** The values of hidden fields, which come from the request, whatever was typed or kept before. */
  readonly hidden?: (request: Request) => SubmittedValues;
  /** View, title, back link and model of the page; `errors` are those of the rejected form. */
  readonly view: (
    exchange: FormExchange<Who, Subject>,
    errors: readonly FieldError[],
  ) => Page | Promise<Page>;
  /** Moves errors to other fields, such as the group of a box. */
  readonly placeErrors?: (errors: readonly FieldError[]) => readonly FieldError[];
  /** The form is on another page, at `formPath`: GET is a 405 here. */
  readonly postOnly?: true;
}

/** The declaration of a page with a form. CSRF, kept values, the error summary, 422 and 303 are included. */
export interface FormPage<Who extends AuthState, Shape extends z.ZodRawShape, Subject>
  extends FormDeclaration<Who, Shape, Subject> {
  /** Handles the parsed `values`: returns the errors by field, or where to go. */
  readonly submit: (
    values: z.infer<z.ZodObject<Shape>>,
    exchange: FormExchange<Who, Subject>,
  ) => Promise<FormOutcome>;
}

/** A button on another page, at `formPath`: a POST without fields and without its own page. */
export interface Action<Who extends AuthState, Subject> extends Endpoint<Who, Subject> {
  readonly formPath: (request: Request) => string;
  readonly act: (exchange: FormExchange<Who, Subject>) => Promise<Redirect | undefined>;
}

export interface FormPageServices {
  readonly renderer: Pick<Renderer, 'show'>;
}

/**
 * Adds a form page. GET shows the form; POST parses it, calls `submit`, and shows it again or redirects. The fields show values
 * that were sent before a step-up, or with a CSRF token from before it.
 */
export function addFormPage<Who extends AuthState, Shape extends z.ZodRawShape, Subject = undefined>(
  addPage: AddPage,
  services: FormPageServices,
  page: FormPage<Who, Shape, Subject>,
): void {
  const { parse, show, answer } = formOf(services, page);
  const get = loaded({ ...page, guard: page.viewGuard ?? page.guard }, async (exchange) => {
    const kept = readFlashedForm(exchange.request);
    // An unticked box is missing in kept values, so the page's initial values must not be merged in.
    const typed = Object.keys(kept).length > 0 ? kept : (page.values?.(exchange) ?? {});
    await show(exchange, typed, { errors: [] });
  });
  const post = loaded(page, async (exchange) => {
    const form = parse(exchange);
    if (!form.ok) return show(exchange, form.typed, { errors: form.errors });
    await answer(exchange, form.typed, await page.submit(form.values, exchange));
  });
  const { schema, formPath } = page;
  const { keeps = typeof schema === 'function' ? [] : Object.keys(schema.shape) } = page;
  addPage(page.path, { ...(!page.postOnly && { get }), post, keeps, ...(formPath && { formPath }) });
}

/** Adds an action: a POST that does one thing and redirects. GET is a 405. */
export function addAction<Who extends AuthState, Subject = undefined>(
  addPage: AddPage,
  action: Action<Who, Subject>,
): void {
  const post = loaded(action, async (exchange) => {
    const redirect = await action.act(exchange);
    if (redirect) await redirectAccepted(exchange, redirect);
  });
  addPage(action.path, { post, formPath: action.formPath });
}

/** The parts of a form page, for pages with more than the form. */
export function formOf<Who extends AuthState, Shape extends z.ZodRawShape, Subject>(
  { renderer }: FormPageServices,
  page: FormDeclaration<Who, Shape, Subject>,
) {
  type OnForm = FormExchange<Who, Subject>;

  /** Parses the submitted form, or kept values. */
  function parse({ subject, request }: OnForm, kept?: SubmittedValues): Parsed<z.infer<z.ZodObject<Shape>>> {
    const schema = typeof page.schema === 'function' ? page.schema(subject) : page.schema;
    const form = kept ? parseValues(schema, kept) : parseForm(schema, request);
    return page.keeps ? { ...form, typed: keptOf(form.typed, page.keeps) } : form;
  }

  async function show(exchange: OnForm, typed: SubmittedValues, redisplay: Redisplay): Promise<void> {
    const { errors, model, notice } = redisplay;
    const shown = await page.view(exchange, errors);
    const placed = page.placeErrors?.(errors) ?? errors;
    await renderer.show(exchange.request, exchange.response, {
      ...shown,
      form: formView({ ...typed, ...page.hidden?.(exchange.request) }, placed, exchange.who.context.words),
      ...(notice && { notice }),
      model: { ...shown.model, ...model },
    });
  }

  /** Shows the form again, or redirects. */
  async function answer(exchange: OnForm, typed: SubmittedValues, outcome: FormOutcome): Promise<void> {
    if (!outcome) return;
    if ('errors' in outcome) return show(exchange, typed, outcome);
    return redirectAccepted(exchange, outcome);
  }

  return { parse, show, answer };
}

function keptOf(typed: SubmittedValues, keeps: KeptFields): SubmittedValues {
  const isKept = (name: string) => (typeof keeps === 'function' ? keeps(name) : keeps.includes(name));
  return Object.fromEntries(Object.entries(typed).filter(([name]) => isKept(name)));
}

/** A handler behind the page's guard, with the loaded subject. */
export function loaded<Who, Subject>(
  { guard, load }: { readonly guard: Guard<Who>; readonly load?: Loading<Who, Subject> | undefined },
  handle: (exchange: FormExchange<Who, Subject>) => Promise<void>,
): RequestHandler {
  return guard((exchange) => withSubject(exchange, load, handle));
}

/** Loads the subject of the page. Without `load` it is undefined, as its type says. */
export async function withSubject<Who, Subject>(
  exchange: Exchange<Who>,
  load: Loading<Who, Subject> | undefined,
  handle: (exchange: FormExchange<Who, Subject>) => Promise<void>,
): Promise<void> {
  const subject = load && (await load(exchange));
  if (!load || subject !== undefined) await handle({ ...exchange, subject: subject as Subject });
}

/** Redirects after an accepted form (303). Drops kept values, unless they are to stay; the next page shows `message`. */
export async function redirectAccepted(
  { request, response }: Exchange,
  { goTo, flash: message, keepsForm }: Redirect,
): Promise<void> {
  if (keepsForm) dropFlash(request);
  else clearFlash(request);
  if (message) flash(request, { ...message, path: goTo });
  await redirectTo(response, goTo);
}
