import type { CheerioAPI } from 'cheerio';
import { textOnScreen, visibleText } from './visible-text.ts';

export type Selection = ReturnType<CheerioAPI>;

/** Values of a form by name; several with one name in their order. */
export type Fields = Readonly<Record<string, string | readonly string[]>>;

/** A form as a button would send it. */
export interface Submission {
  readonly method: 'GET' | 'POST';
  /** As in the form; "" is the page itself. */
  readonly action: string;
  readonly fields: Fields;
}

/** Controls with the same label or legend. */
export interface Labelled extends Named {
  readonly controls: Selection;
  /** The element that carries `aria-describedby` for them: the control, or the fieldset of a group. */
  readonly describedBy: Selection;
}

const TYPED =
  'input:not([type=hidden],[type=submit],[type=button],[type=reset],[type=image]), select, textarea';

/** Finds controls by the visible text of their label or legend; throws with the existing texts. */
export function findControl($: CheerioAPI, text: string): Labelled {
  return theOne(labelled($), text, 'labels');
}

/** A choice: a radio, a checkbox, or an option of a select. */
export interface Choice extends Named {
  readonly control: Selection;
  /** For a select: the option. */
  readonly option: Selection | undefined;
}

/** Finds a choice by its own text, in the group (or the select) with that legend (or label) if the text is not unique. */
export function findChoice($: CheerioAPI, text: string, group: string | undefined): Choice {
  const within = group === undefined ? undefined : findControl($, group).controls;
  const candidates = choicesOf($).filter(({ control }) => within === undefined || within.is(control));
  return theOne(candidates, text, 'choices');
}

function choicesOf($: CheerioAPI): Choice[] {
  const buttons = labelled($)
    .filter(({ controls, describedBy }) => controls.is(CHOICE) && !describedBy.is('fieldset'))
    .map(({ text, onScreen, controls }) => ({ text, onScreen, control: controls, option: undefined }));
  const options = $('select option')
    .toArray()
    .map((option) => ({ ...named($(option)), control: $(option).closest('select'), option: $(option) }));
  return [...buttons, ...options];
}

const CHOICE = 'input[type=radio], input[type=checkbox]';

function labelled($: CheerioAPI): Labelled[] {
  const labels = $('label')
    .toArray()
    .map((label) => {
      const target = $(label).attr('for');
      const controls =
        target === undefined ? $(label).find(TYPED).first() : $(`[id="${target}"]`).filter(TYPED);
      return { ...named($(label)), controls, describedBy: controls };
    });
  const legends = $('fieldset')
    .toArray()
    .map((group) => {
      const legend = $(group).children('legend').first();
      return { ...named(legend), controls: $(group).find(CHOICE), describedBy: $(group) };
    });
  return [...labels, ...legends].filter(({ controls }) => controls.length > 0);
}

export interface Button extends Named {
  readonly button: Selection;
}

export function buttonsOf($: CheerioAPI): Button[] {
  return $('button, input[type=submit]')
    .toArray()
    .map((element) => $(element))
    .filter((button) => (button.attr('type') ?? 'submit') === 'submit')
    .map((button) => ({ ...nameOf(button), button }));
}

function nameOf(button: Selection): Named {
  const text = button.attr('value') ?? 'Submit';
  return button.is('input') ? { text, onScreen: text } : named(button);
}

/** The form of the button with this text, as pressing it would send it. */
export function submissionBy($: CheerioAPI, text: string): Submission {
  const { button } = theOne(buttonsOf($), text, 'buttons');
  if (button.attr('disabled') !== undefined) throw new Error(`The button "${text}" is disabled.`);
  return submissionOf($, button);
}

/** The form of this button, as pressing it would send it. */
export function submissionOf($: CheerioAPI, button: Selection): Submission {
  const form = formOf($, button);
  const method = (button.attr('formmethod') ?? form.attr('method') ?? 'get').toUpperCase();
  const pairs = controlsOf($, form).flatMap((control) => pairsOf(control, button));
  return {
    method: method === 'POST' ? 'POST' : 'GET',
    action: button.attr('formaction') ?? form.attr('action') ?? '',
    fields: gathered(pairs),
  };
}

/** The controls with a name in the form of this button, including the button itself. */
export function controlsBy($: CheerioAPI, button: Selection): Selection[] {
  return controlsOf($, formOf($, button)).filter(
    (control) => control.attr('name') && (!control.is('button') || control.is(button)),
  );
}

function formOf($: CheerioAPI, button: Selection): Selection {
  const owner = button.attr('form');
  const form = owner === undefined ? button.closest('form') : $(`form[id="${owner}"]`);
  if (form.length !== 1) throw new Error(`The button "${nameOf(button).text}" belongs to no form.`);
  return form;
}

/** The values of these controls that a form with them would send. */
export function valuesOf(controls: Selection): string[] {
  return controls.toArray().flatMap((element) => heldBy(controls.filter(element)));
}

/** In the order of the document, including controls elsewhere that name this form. */
function controlsOf($: CheerioAPI, form: Selection): Selection[] {
  const id = form.attr('id');
  return $('input, select, textarea, button')
    .toArray()
    .map((element) => $(element))
    .filter((control) => {
      const owner = control.attr('form');
      return owner === undefined ? control.closest('form').is(form) : owner === id;
    });
}

type Pair = readonly [name: string, value: string];

function pairsOf(control: Selection, pressed: Selection): Pair[] {
  const name = control.attr('name');
  const isButton = control.is('button, input[type=submit], input[type=button], input[type=reset]');
  if (!name || control.attr('disabled') !== undefined || (isButton && !control.is(pressed))) return [];
  if (isButton) return [[name, control.attr('value') ?? '']];
  return heldBy(control).map((value) => [name, value]);
}

function heldBy(control: Selection): string[] {
  if (control.is(CHOICE)) return control.attr('checked') === undefined ? [] : [control.attr('value') ?? 'on'];
  if (control.is('textarea')) return [control.text()];
  if (!control.is('select')) return [control.attr('value') ?? ''];
  const options = control.find('option');
  const selected = options.filter('[selected]').last();
  const option = selected.length > 0 ? selected : options.first();
  return option.length > 0 ? [option.attr('value') ?? visibleText(option)] : [];
}

function gathered(pairs: readonly Pair[]): Fields {
  const fields: Record<string, string | string[]> = {};
  for (const [name, value] of pairs) {
    const earlier = fields[name];
    fields[name] = earlier === undefined ? value : [...[earlier].flat(), value];
  }
  return fields;
}

/** An element that a person finds by its text. */
export interface Named {
  /** All of its text, including text for screen readers and text browsers. */
  readonly text: string;
  /** The text on a screen. */
  readonly onScreen: string;
}

/**
 * The one candidate with this text, or, if there is none, the one that shows it on a screen. Several candidates are an error:
 * guessing would let a test press the wrong button.
 */
export function theOne<Candidate extends Named>(
  candidates: readonly Candidate[],
  text: string,
  what: string,
): Candidate {
  const exact = candidates.filter((candidate) => candidate.text === text);
  const matching = exact.length > 0 ? exact : candidates.filter((candidate) => candidate.onScreen === text);
  const [found, ...others] = matching;
  const known = candidates.map((candidate) => `"${candidate.text}"`).join(', ') || 'none';
  if (found === undefined) throw new Error(`There is no "${text}" among the ${what}: ${known}.`);
  if (others.length > 0)
    throw new Error(`There are ${matching.length} of "${text}" among the ${what}: ${known}.`);
  return found;
}

export function named(selection: Selection): Named {
  return { text: visibleText(selection), onScreen: textOnScreen(selection) };
}
