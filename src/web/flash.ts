import type { Request } from 'express';
import { z } from 'zod';
import type { MessageKey, MessageValues } from '../kernel/i18n.ts';
import { minutes } from '../kernel/time.ts';
import { contextOf } from './context.ts';
import { type SubmittedValues, typedIn } from './forms.ts';
import { pageOf, withoutQuery } from './paths.ts';

/** A message that the next page shows: a sentence of the catalogue, and optionally a second one. */
export interface Flash {
  readonly key: MessageKey;
  readonly kind: 'success' | 'warning' | 'info';
  readonly values?: MessageValues;
  readonly further?: { readonly key: MessageKey; readonly values?: MessageValues };
}

declare module 'express-session' {
  interface SessionData {
    notice: unknown;
    keptForm: unknown;
  }
}

const LIFETIME = minutes(2);

const values = z.record(z.string(), z.union([z.string(), z.number()]));

/** A flash in the session. Another version may have written it, so the key may be unknown to this one. */
const storedFlash = z.object({
  path: z.string(),
  key: z.string(),
  kind: z.enum(['success', 'warning', 'info']),
  values,
  further: z.object({ key: z.string(), values }).optional(),
  at: z.number(),
});
type StoredFlash = z.infer<typeof storedFlash>;

/**
 * Leaves a message for the page at `path`. It is shown there for two minutes, also on reloads, because a GET must not change
 * state by deleting it. One message at a time: a new one replaces the old one.
 */
export function flash(request: Request, { path, ...message }: Flash & { readonly path: string }): void {
  const { values = {}, further, ...rest } = message;
  const { now: at } = contextOf(request);
  const second = further && { further: { values: {}, ...further } };
  request.session.notice = { ...rest, path, values, ...second, at } satisfies StoredFlash;
}

/** The message for the page at `path`, if there is one. */
export function readFlash(request: Request, path: string = request.path): StoredFlash | undefined {
  const message = storedFlash.safeParse(request.session?.notice).data;
  return message?.path === path && contextOf(request).now - message.at < LIFETIME ? message : undefined;
}

/** Drops the message. Kept values of another page's form stay, such as during a step-up. */
export function dropFlash(request: Request): void {
  delete request.session.notice;
}

const keptForm = z.object({ path: z.string(), values: z.record(z.string(), z.string()) });

/**
 * Keeps the values of the form at `path`; never secrets. One form at a time. Only for a form with a token of this session:
 * otherwise another site could fill in the person's form (CSRF).
 */
export function flashForm(request: Request, form: { path: string; values: SubmittedValues }): void {
  request.session.keptForm = form;
}

/** In characters of JSON, to keep sessions small. */
const LONGEST_FORM = 2048;

/**
 * Keeps the submitted values for their form, so that nothing typed is lost in a step-up (WCAG 2.2.5): only the fields that the
 * page declares as kept, and nothing if they are too long. The caller has checked that the form has a CSRF token of this
 * session, or of before its last renewal.
 */
export function flashSubmitted(request: Request): void {
  const values = typedIn(request.body, keptFieldsOf(request));
  if (Object.keys(values).length === 0 || JSON.stringify(values).length > LONGEST_FORM) return;
  flashForm(request, { path: withoutQuery(pageOf(request)), values });
}

function keptFieldsOf({ keptFields = [], body }: Request): readonly string[] {
  if (typeof keptFields !== 'function') return keptFields;
  return typeof body === 'object' && body !== null ? Object.keys(body).filter(keptFields) : [];
}

/** The values that were kept for the form at `path`; empty if there are none. */
export function readFlashedForm(request: Request, path: string = request.path): SubmittedValues {
  const kept = keptForm.safeParse(request.session?.keptForm).data;
  return kept?.path === path ? kept.values : {};
}

/** Drops kept values and the message: after a form was accepted, both are out of date. */
export function clearFlash(request: Request): void {
  delete request.session.keptForm;
  dropFlash(request);
}
