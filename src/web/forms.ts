import type { Request } from 'express';
import type { z } from 'zod';
import type { MessageKey, Translator } from '../words.ts';

export {
  emailAddress,
  lineOfText,
  linesOfText,
  nameInLists,
  optionalDay,
  optionalLine,
  sixDigits,
  tick,
  typedPassword,
  wholeNumber,
} from '../fields.ts';

/** Why a field was not taken: a key of the catalogue and what fills it in. */
export interface FieldFault {
  readonly field: string;
  readonly key: MessageKey;
  readonly values?: Readonly<Record<string, string | number>>;
  /** For so many milliseconds it is refused, whatever is typed: `{{duration}}` in the words, and 429 as the status. */
  readonly wait?: number;
}

export interface FormError {
  readonly field: string;
  readonly message: string;
}

/** What a form shows: what was typed (never secrets), and what is wrong with it. */
export interface FormView {
  readonly values: Readonly<Record<string, string>>;
  readonly errors: readonly FormError[];
  /** Milliseconds until it is worth sending again. */
  readonly wait?: number;
}

export const EMPTY_FORM: FormView = { values: {}, errors: [] };

export type Parsed<T> =
  | { readonly ok: true; readonly values: T; readonly typed: Readonly<Record<string, string>> }
  | {
      readonly ok: false;
      readonly faults: readonly FieldFault[];
      readonly typed: Readonly<Record<string, string>>;
    };

declare global {
  namespace Express {
    interface Request {
      /** The names of the fields of a form that were not as they have to be. */
      faultyFields?: readonly string[];
    }
  }
}

/** Fields that are never shown again, nor kept anywhere. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  '_csrf',
  'password',
  'newPassword',
  'code',
  'token',
  'csv',
]);

const LONGEST_KEPT = 2000;

/** Parses the body of a request by the schema; each issue's message is a key of the catalogue. */
export function parseForm<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  request: Request,
): Parsed<z.infer<z.ZodObject<Shape>>> {
  const parsed = parseValues(schema, request.body ?? {});
  if (!parsed.ok) request.faultyFields = parsed.faults.map(({ field }) => field);
  return parsed;
}

/** The same for values from elsewhere: the query of a search, a form that was kept. */
export function parseValues<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  source: unknown,
): Parsed<z.infer<z.ZodObject<Shape>>> {
  const typed = typedIn(source);
  const result = schema.safeParse(source);
  if (result.success) return { ok: true, values: result.data, typed };
  return { ok: false, faults: firstFaults(result.error), typed };
}

/** What was typed into the fields that are no secret; what is no single string was not typed in a form of ours. */
export function typedValues(request: Request): Readonly<Record<string, string>> {
  return typedIn(request.body);
}

function typedIn(source: unknown): Readonly<Record<string, string>> {
  if (typeof source !== 'object' || source === null) return {};
  const typed = Object.entries(source).filter(
    (entry): entry is [string, string] =>
      !SECRET_FIELDS.has(entry[0]) && typeof entry[1] === 'string' && entry[1].length <= LONGEST_KEPT,
  );
  return Object.fromEntries(typed);
}

/** The form as it is shown again, with its errors in words. */
export function formView(
  typed: Readonly<Record<string, string>>,
  faults: readonly FieldFault[],
  { t, duration }: Translator,
): FormView {
  const waits = faults.flatMap(({ wait }) => wait ?? []);
  return {
    values: typed,
    errors: faults.map(({ field, key, values, wait }) => ({
      field,
      message: t(key, { ...values, ...(wait !== undefined && { duration: duration(wait) }) }),
    })),
    ...(waits.length > 0 && { wait: Math.max(...waits) }),
  };
}

/** One fault a field: the first says enough. */
function firstFaults(error: z.ZodError): FieldFault[] {
  const faults = new Map<string, FieldFault>();
  for (const issue of error.issues) {
    const field = String(issue.path[0] ?? '');
    if (faults.has(field)) continue;
    const values =
      'maximum' in issue && typeof issue.maximum === 'number' ? { count: issue.maximum } : undefined;
    faults.set(field, { field, key: issue.message as MessageKey, ...(values && { values }) });
  }
  return [...faults.values()];
}
