import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Definition, Definitions, FieldDefinition } from './definition.ts';
import { SETTINGS, type Settings } from './settings.ts';

/** A field of the table, and where its value is in the settings. */
export interface SettingField {
  /** Of the form's field: "waitingHours". */
  readonly name: string;
  /** In the audit log, and as an option of the command line: "waiting-hours". */
  readonly kebab: string;
  /** The row that its value is in: "resets". */
  readonly setting: string;
  readonly definition: FieldDefinition;
  readonly valueIn: (settings: Partial<Settings>) => unknown;
}

/** Every value that has a field, in the order of the table. */
export function fieldsOf(table: Definitions = SETTINGS): readonly SettingField[] {
  return Object.entries(table).flatMap(([setting, definition]) => fieldsIn(setting, definition));
}

function fieldsIn(setting: string, definition: Definition): readonly SettingField[] {
  const rowIn = (settings: Partial<Settings>) => (settings as Readonly<Record<string, unknown>>)[setting];
  if ('kind' in definition) {
    return [{ name: setting, kebab: kebab(setting), setting, definition, valueIn: rowIn }];
  }
  if (!('fields' in definition)) return [];
  return Object.entries(definition.fields).map(([name, member]) => ({
    ...{ name, kebab: kebab(name), setting, definition: member },
    valueIn: (settings) => (rowIn(settings) as Readonly<Record<string, unknown>> | undefined)?.[name],
  }));
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The changes that values of fields, by the fields' names, come to; a row of several keeps the values that are not given. */
export function changesBy(
  given: Readonly<Record<string, unknown>>,
  present: Settings,
  table: Definitions = SETTINGS,
): Partial<Settings> {
  const changes: Record<string, unknown> = {};
  for (const { name, setting } of fieldsOf(table)) {
    if (given[name] === undefined) continue;
    const row = (changes[setting] ?? present[setting as keyof Settings]) as object;
    changes[setting] = name === setting ? given[name] : { ...row, [name]: given[name] };
  }
  return changes as Partial<Settings>;
}

/**
 * Parses the rows of the table by their names. A row that is missing has its default, one of an unknown name is left
 * alone. One that cannot be read is an error and not its default: the policy would silently turn from mandatory to
 * optional (ASVS 16.5.3).
 */
export function settingsSchema(table: Definitions = SETTINGS): z.ZodType<Settings> {
  const rows = Object.entries(table).map(([name, definition]) => [
    name,
    definition.stored.default(definition.default),
  ]);
  return z.object(Object.fromEntries(rows)) as unknown as z.ZodType<Settings>;
}

/** A field's value as text, for the audit log and the command line: "on", "14", "Europe/Berlin". */
export function textOf(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return String(value);
}

/** The settings in the audit log's words, those alone that are given. */
export function auditedSettings(
  settings: Partial<Settings>,
  table: Definitions = SETTINGS,
): Readonly<Record<string, string>> {
  const values: Readonly<Record<string, unknown>> = settings;
  const details = Object.entries(table).flatMap(([setting, definition]) => {
    if (values[setting] === undefined) return [];
    if ('audited' in definition) return Object.entries(definition.audited?.(values[setting]) ?? {});
    return fieldsIn(setting, definition).map(({ kebab: name, valueIn }) => [name, textOf(valueIn(settings))]);
  });
  return Object.fromEntries(details);
}

/** Whether a change ends the trust in all browsers. */
export function endsTrust(before: Settings, after: Settings, table: Definitions = SETTINGS): boolean {
  return Object.entries(table).some(([setting, definition]) => {
    const name = setting as keyof Settings;
    return 'endsTrust' in definition && definition.endsTrust && !isDeepStrictEqual(before[name], after[name]);
  });
}
