import type { Request } from 'express';
import type { z } from 'zod';
import { valuesOf } from '../kernel/fields.ts';
import type { MessageKey, MessageValues, Translator } from '../kernel/i18n.ts';

export {
  emailAddress,
  knownEmail,
  lineOfText,
  linesOfText,
  nameInLists,
  optionalDay,
  optionalLine,
  sixDigits,
  tick,
  typedPassword,
  wholeNumber,
} from '../kernel/fields.ts';

/** The text in the fields of a form, by their names; never secrets. */
export type SubmittedValues = Readonly<Record<string, string>>;

/** The error of a field: a key of the catalogue and its values. */
export interface FieldError {
  /** Its name; "" for the form as a whole. */
  readonly field: string;
  readonly key: MessageKey;
  readonly values?: MessageValues;
  /**
   * Milliseconds during which every value is rejected: fills in `{{duration}}`, and makes the status 429. "untold": the same
   * without the time.
   */
  readonly wait?: number | 'untold';
}

/** A translated `FieldError`. */
export interface FormError {
  readonly field: string;
  readonly message: string;
}

/** A form for its view: the values of its fields (never secrets) and its errors. */
export interface FormView {
  readonly values: SubmittedValues;
  readonly errors: readonly FormError[];
  /** Milliseconds until the form can be accepted. */
  readonly wait?: number | 'untold';
}

export const EMPTY_FORM: FormView = { values: {}, errors: [] };

/** The parsed form, or its errors. `typed`: the text that may be shown again. */
export type Parsed<T> =
  | { readonly ok: true; readonly values: T; readonly typed: SubmittedValues }
  | { readonly ok: false; readonly errors: readonly FieldError[]; readonly typed: SubmittedValues };

declare global {
  namespace Express {
    interface Request {
      /** The names of rejected fields, for the log. */
      faultyFields?: readonly string[];
    }
  }
}

/** Fields that are never shown again or kept in the session. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  '_csrf',
  'password',
  'newPassword',
  'code',
  'secret',
  'token',
  'csv',
]);

/** In characters: longer text is not shown again. */
const LONGEST_SHOWN = 2000;

/** Parses the body of a request by the schema, whose messages are keys of the catalogue. */
export function parseForm<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  request: Request,
): Parsed<z.infer<z.ZodObject<Shape>>> {
  const parsed = parseValues(schema, request.body ?? {});
  if (!parsed.ok) request.faultyFields = parsed.errors.map(({ field }) => field);
  return parsed;
}

/** The same for other values: the query of a search, kept values. */
export function parseValues<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  source: unknown,
): Parsed<z.infer<z.ZodObject<Shape>>> {
  const fields = Object.keys(schema.shape);
  const typed = typedIn(source, fields);
  const result = schema.safeParse(source);
  if (result.success) return { ok: true, values: result.data, typed };
  return { ok: false, errors: inOrder(firstErrors(result.error), fields), typed };
}

/** Sorts errors in the order of the schema, which is that of the page; errors of the whole form come last. */
function inOrder(errors: readonly FieldError[], fields: readonly string[]): readonly FieldError[] {
  const place = ({ field }: FieldError) => (fields.includes(field) ? fields.indexOf(field) : fields.length);
  return errors.toSorted((one, other) => place(one) - place(other));
}

/** The text of these fields, without secrets. Arrays and objects are left out: no form of this site sends them. */
export function typedIn(source: unknown, fields: Iterable<string>): SubmittedValues {
  if (typeof source !== 'object' || source === null) return {};
  const ofForm = new Set(fields);
  const typed = Object.entries(source).filter(
    (entry): entry is [string, string] =>
      ofForm.has(entry[0]) &&
      !SECRET_FIELDS.has(entry[0]) &&
      typeof entry[1] === 'string' &&
      entry[1].length <= LONGEST_SHOWN,
  );
  return Object.fromEntries(typed);
}

/** The form for its view, with translated errors. */
export function formView(
  values: SubmittedValues,
  errors: readonly FieldError[],
  { t, duration }: Translator,
): FormView {
  const waits = errors.flatMap(({ wait }) => wait ?? []);
  const told = waits.filter((wait) => wait !== 'untold');
  return {
    values,
    errors: errors.map(({ field, key, values: filling, wait }) => ({
      field,
      message: t(key, { ...filling, ...(typeof wait === 'number' && { duration: duration(wait) }) }),
    })),
    ...(waits.length > 0 && { wait: told.length === waits.length ? Math.max(...told) : 'untold' }),
  };
}

/** The first error of each field. */
function firstErrors(error: z.ZodError): FieldError[] {
  const errors = new Map<string, FieldError>();
  for (const issue of error.issues) {
    const field = String(issue.path[0] ?? '');
    if (errors.has(field)) continue;
    const values = valuesOf(issue);
    errors.set(field, { field, key: issue.message as MessageKey, ...(values && { values }) });
  }
  return [...errors.values()];
}
