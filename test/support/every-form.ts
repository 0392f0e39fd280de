import { buttonsOf, controlsBy, type Selection, type Submission, submissionOf } from './controls.ts';
import type { Page } from './page.ts';

/** The kind of value that a control accepts, by its HTML. */
export type FieldKind =
  | 'line'
  | 'email'
  | 'number'
  | 'lines'
  | 'six digits'
  | 'password'
  | 'new password'
  | 'choice'
  | 'button'
  | 'tick'
  | 'day'
  | 'hidden';

export interface FormField {
  readonly name: string;
  readonly kind: FieldKind;
  readonly required: boolean;
}

/** A form on a page, as one of its buttons sends it, without the token. */
export interface PageForm extends Submission {
  readonly controls: readonly FormField[];
}

/** Every form of a page, once for each of its buttons. */
export function formsOn({ $ }: Page): readonly PageForm[] {
  return buttonsOf($).map(({ button }) => {
    const submission = submissionOf($, button);
    const { _csrf, ...fields } = submission.fields;
    const controls = distinct(controlsBy($, button).map(fieldOf)).filter(({ name }) => name !== '_csrf');
    return { ...submission, fields, controls };
  });
}

function fieldOf(control: Selection): FormField {
  return {
    name: control.attr('name') ?? '',
    kind: kindOf(control),
    required: control.attr('aria-required') === 'true' || control.is('[type=radio], select, button'),
  };
}

/** In this order: an address is recognised by its type, whatever else its control has. */
const KINDS: readonly (readonly [selector: string, kind: FieldKind])[] = [
  ['[type=hidden]', 'hidden'],
  ['textarea', 'lines'],
  ['button', 'button'],
  ['select, [type=radio]', 'choice'],
  ['[type=checkbox]', 'tick'],
  ['[type=date]', 'day'],
  ['[type=email]', 'email'],
  ['[autocomplete=new-password]', 'new password'],
  ['[type=password]', 'password'],
  ['[autocomplete=one-time-code]', 'six digits'],
  ['[inputmode=numeric]', 'number'],
];

function kindOf(control: Selection): FieldKind {
  return KINDS.find(([selector]) => control.is(selector))?.[1] ?? 'line';
}

function distinct(fields: readonly FormField[]): readonly FormField[] {
  return fields.filter(({ name }, index) => fields.findIndex((other) => other.name === name) === index);
}
