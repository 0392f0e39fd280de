import type { CheerioAPI } from 'cheerio';
import type { Choice, Labelled } from './controls.ts';

/** Types a text into a field as a browser lets a person: one line stays one line, `maxlength` cuts. */
export function fillIn({ text: label, controls: control }: Labelled, text: string): void {
  if (control.length !== 1 || control.is('select, input[type=radio], input[type=checkbox]')) {
    throw new Error(`"${label}" is not a field to fill in.`);
  }
  if (control.is('[disabled], [readonly]')) throw new Error(`"${label}" cannot be changed.`);
  const longest = Number(control.attr('maxlength') ?? Number.POSITIVE_INFINITY);
  if (control.is('textarea')) control.text(text.slice(0, longest));
  else control.attr('value', text.replace(/[\r\n]/g, '').slice(0, longest));
}

/** Chooses a radio (and no other of its name), ticks a checkbox, or selects an option. */
export function choose($: CheerioAPI, { text, control, option }: Choice): void {
  if (control.is('[disabled]') || option?.is('[disabled]')) throw new Error(`"${text}" cannot be chosen.`);
  if (option) {
    control.find('option').removeAttr('selected');
    option.attr('selected', '');
    return;
  }
  if (control.is('[type=radio]')) {
    const form = control.closest('form');
    const sameName = $(`input[type=radio][name="${control.attr('name')}"]`);
    sameName.filter((_index, radio) => $(radio).closest('form').is(form)).removeAttr('checked');
  }
  control.attr('checked', '');
}

/** Unticks a checkbox; throws for anything else, and if it is not ticked. */
export function untick({ text, control }: Choice): void {
  if (!control.is('input[type=checkbox]')) throw new Error(`"${text}" is not a checkbox.`);
  if (control.is('[disabled]')) throw new Error(`"${text}" cannot be unticked.`);
  control.removeAttr('checked');
}
