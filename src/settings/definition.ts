import { z } from 'zod';
import { LONGEST_EMAIL, spelledEmail } from '../kernel/email-address.ts';
import { emailAddress, lineOfText, optionalLine, tick, wholeNumber } from '../kernel/fields.ts';
import type { MessageKey, Words } from '../kernel/i18n.ts';
import { type TimeZone, timeZoneNamed, UTC } from '../kernel/time-zone.ts';

/** What a value is; pages choose the control by it. */
export type FieldKind = 'line' | 'email' | 'number' | 'switch' | 'language' | 'time zone';

/** The texts of a field, as keys of the catalogue. */
export interface FieldWords {
  readonly label: MessageKey;
  readonly hint: MessageKey;
  /** Heading of a switch; its label stands beside the box. */
  readonly legend?: MessageKey;
  /** How the audit log calls it. */
  readonly audit: MessageKey;
}

/** How `policy set` takes a field and `policy show` lists it. */
export interface FieldOption {
  /** Shown in the help: "number" as `--waiting-hours <number>`. */
  readonly argument: string;
  readonly about: MessageKey;
  /** The line of `policy show`, with `{{value}}`. */
  readonly listed: MessageKey;
  /** Why an argument is not valid, with `{{languages}}`; on and off need no words. */
  readonly refused?: MessageKey;
}

/** One value that has a field in the form, its words in the audit log, and perhaps an option of the command line. */
export interface FieldDefinition<T = unknown> {
  readonly kind: FieldKind;
  readonly default: T;
  /** What the stored JSON has to be. */
  readonly stored: z.ZodType<T>;
  /**
   * Parses what was typed into the field; messages of issues are keys of the catalogue. Undefined leaves the value as it
   * is: forms of an earlier version may lack the field.
   */
  readonly typed: (languages: Words) => z.ZodType<T | undefined>;
  /** Parses the option's argument; undefined where it is not valid. */
  readonly given: (text: string, languages: Words) => T | undefined;
  /** Whether the field may be left empty. */
  readonly isOptional: boolean;
  readonly words: FieldWords;
  readonly option?: FieldOption;
  /** Whether the change makes accounts or warnings less secure: administrators are mailed then. */
  weakens?(before: T, after: T): boolean;
  /** Whether a change ends the trust in all browsers. */
  readonly endsTrust?: boolean;
}

/** Several values that are decided together and stored in one row; each has its own field. */
export interface GroupDefinition<T = unknown> {
  readonly default: T;
  readonly stored: z.ZodType<T>;
  readonly fields: Readonly<Record<string, FieldDefinition>>;
}

/** A value that its own pages decide: its form, its words and its option are not in the table. */
export interface SpecialDefinition<T = unknown> {
  readonly default: T;
  readonly stored: z.ZodType<T>;
  /** What the audit log says of it, by names in `AUDIT_DETAILS`; nothing where it follows from other settings. */
  audited?(value: T): Readonly<Record<string, string>>;
  readonly endsTrust?: boolean;
}

export type Definition = FieldDefinition | GroupDefinition | SpecialDefinition;

/** Settings by their names, which are the names of their rows. */
export type Definitions = Readonly<Record<string, Definition>>;

type Entry<T> = Pick<FieldDefinition<T>, 'default' | 'words' | 'option' | 'weakens' | 'endsTrust'>;

const says = (key: MessageKey): { error: MessageKey } => ({ error: key });

/** On or off. */
export function onOff(entry: Entry<boolean>): FieldDefinition<boolean> {
  return {
    ...entry,
    kind: 'switch',
    stored: z.boolean(),
    typed: () => tick().transform((ticked) => ticked !== undefined),
    given: (text) => (text === 'on' || text === 'off' ? text === 'on' : undefined),
    isOptional: true,
  };
}

/** A whole number from 0 to `most`, of three digits at most; `wrong` says so. */
export function numberUpTo(most: number, wrong: MessageKey, entry: Entry<number>): FieldDefinition<number> {
  return {
    ...entry,
    kind: 'number',
    // Another version of the portal may have allowed more.
    stored: z.number().int().min(0),
    typed: () => wholeNumber(most, wrong),
    given: (text) => (/^\d{1,3}$/.test(text) && Number(text) <= most ? Number(text) : undefined),
    isOptional: false,
  };
}

/** One line of at most `longest` characters; it may be empty where `missing` says nothing. */
export function line(
  longest: number,
  { missing, ...entry }: Entry<string> & { readonly missing?: MessageKey },
): FieldDefinition<string> {
  const schema = missing === undefined ? optionalLine(longest) : lineOfText(missing, longest);
  return {
    ...entry,
    kind: 'line',
    stored: z.string(),
    typed: () => schema,
    given: (text) => schema.safeParse(text).data,
    isOptional: missing === undefined,
  };
}

/** An email address, or nothing. */
export function optionalEmail(entry: Entry<string>): FieldDefinition<string> {
  const schema = optionalLine(LONGEST_EMAIL)
    .refine((text) => text === '' || emailAddress().safeParse(text).success, says('error.email-form'))
    .transform(spelledEmail);
  return {
    ...entry,
    kind: 'email',
    stored: z.string(),
    typed: () => schema,
    given: (text) => schema.safeParse(text).data,
    isOptional: true,
  };
}

/** One of the languages that have a catalogue. */
export function languageOfCatalogue(entry: Entry<string>): FieldDefinition<string> {
  return {
    ...entry,
    kind: 'language',
    stored: z.string(),
    typed: ({ locales }) =>
      z
        .enum(
          locales.map(({ code }) => code),
          says('error.language-unknown'),
        )
        .optional(),
    given: (text, languages) => languages.named(text),
    isOptional: false,
  };
}

/** A zone of the IANA database; left empty it is UTC. */
export function zoneOfDatabase(entry: Entry<TimeZone>): FieldDefinition<TimeZone> {
  const unknown = says('policy.time-zone-unknown');
  return {
    ...entry,
    kind: 'time zone',
    stored: z.string(),
    typed: () =>
      z
        .string(unknown)
        .transform((text) => (text.trim() === '' ? UTC : text))
        .refine((text) => timeZoneNamed(text) !== undefined, unknown)
        .transform((text) => timeZoneNamed(text))
        .optional(),
    given: timeZoneNamed,
    isOptional: true,
  };
}

/** Several fields in one row. */
export function together<T extends object>(
  fields: {
    readonly [Name in keyof T]: FieldDefinition<T[Name]>;
  },
): GroupDefinition<T> {
  const members = Object.entries<FieldDefinition>(fields);
  return {
    fields: Object.fromEntries(members),
    default: Object.fromEntries(members.map(([name, field]) => [name, field.default])) as T,
    stored: z.object(
      Object.fromEntries(members.map(([name, field]) => [name, field.stored])),
    ) as unknown as z.ZodType<T>,
  };
}
