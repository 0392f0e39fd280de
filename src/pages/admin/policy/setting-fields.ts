import type { z } from 'zod';
import type { Translator, Words } from '../../../kernel/i18n.ts';
import type { FieldKind } from '../../../settings/definition.ts';
import type { Settings } from '../../../settings/settings.ts';
import { fieldsOf, type SettingField } from '../../../settings/table.ts';
import type { SubmittedValues } from '../../../web/forms.ts';

/** Settings in the order of the form. A setting that is not listed is not in the form and keeps its value. */
const PLACES: readonly string[] = [
  'trustDays',
  'siteName',
  'language',
  'timeZone',
  'helpContact',
  'sender',
  'signUp',
  'secondApproval',
  'waitingHours',
];

/** The fields of the policy's form, without the rule. */
export const SETTING_FIELDS = inPlaces(fieldsOf(), PLACES);

export function inPlaces(
  fields: readonly SettingField[],
  places: readonly string[],
): readonly SettingField[] {
  return places.flatMap((place) => fields.filter(({ name }) => name === place));
}

/** The zod shape of a form with these fields. It parses to values by field name, as `changesBy` takes them. */
export function settingShape(fields: readonly SettingField[], languages: Words): Record<string, z.ZodType> {
  return Object.fromEntries(fields.map(({ name, definition }) => [name, definition.typed(languages)]));
}

/** The settings as text for the form's fields. Unticked boxes are left out, as in a form that was sent. */
export function typedSettings(fields: readonly SettingField[], settings: Partial<Settings>): SubmittedValues {
  const typed = fields.flatMap(({ name, valueIn }) => {
    const value = valueIn(settings);
    if (value === false || value === undefined) return [];
    return [[name, value === true ? 'on' : String(value)]];
  });
  return Object.fromEntries(typed);
}

/** Variables of `partials/field` for each kind of field. */
const ATTRIBUTES = {
  line: { direction: 'auto' },
  email: { type: 'email' },
  number: { inputmode: 'numeric' },
  'time zone': { autocomplete: 'off', spellcheck: false, direction: 'ltr' },
  language: {},
  switch: {},
} as const satisfies Record<FieldKind, object>;

/** The models for `admin/setting-field`, one for each field. */
export function settingFieldsInWords(fields: readonly SettingField[], { t }: Translator, { locales }: Words) {
  return fields.map(({ name, definition: { kind, isOptional, words } }) => ({
    kind,
    name,
    label: t(words.label),
    hint: t(words.hint),
    required: !isOptional,
    ...ATTRIBUTES[kind],
    ...(words.legend && { legend: t(words.legend) }),
    // Each language by its own name, for people who cannot read the page's language.
    ...(kind === 'language' && {
      options: locales.map(({ code, name: label }) => ({ value: code, label, lang: code })),
    }),
  }));
}
