import { readdirSync, readFileSync } from 'node:fs';
import { createInstance, type i18n } from 'i18next';
import { z } from 'zod';
import type english from '../../locales/en.json';
import { languageTags, lookupTags } from './accept-language.ts';
import type { Instant } from './time.ts';
import { type TimeZone, UTC, usableZone } from './time-zone.ts';

type PluralForm = 'zero' | 'one' | 'two' | 'few' | 'many' | 'other';
type Stem<Key> = Key extends `${infer Name}_${PluralForm}` ? Name : Key;

/** A key of the catalogue, without plural endings. The compiler refuses unknown keys. */
export type MessageKey = Stem<keyof typeof english>;

/** Values for a text's `{{placeholders}}`; a number named `count` also selects the plural form. */
export type MessageValues = Readonly<Record<string, string | number>>;

/** A BCP 47 tag that has a catalogue, such as "en". */
export type Locale = string;

/** Texts in one language, times in one time zone. */
export interface Translator {
  readonly locale: Locale;
  /** IANA name: "Europe/Berlin". */
  readonly timeZone: TimeZone;
  readonly dir: 'ltr' | 'rtl';
  /** The text of a key, not escaped; English if the language lacks it. Throws if English lacks it, too. */
  t(key: MessageKey, values?: MessageValues): string;
  /** Whether a key from outside the code (an old session) is in the catalogue. */
  knows(key: string): key is MessageKey;
  /** "1 January 2030 at 14:03 CET": the zone is named beside each time. */
  when(instant: Instant): string;
  /** "1 Jan 2030", for table columns whose heading names the zone; stays on one line. */
  day(instant: Instant): string;
  /** "14:03:27", for table columns whose heading names the zone. */
  time(instant: Instant): string;
  /** Milliseconds as "30 seconds", "2 minutes" (rounded up), "1 hour, 5 minutes". */
  duration(milliseconds: number): string;
  number(value: number): string;
  /** A share of 1 as "33.3%". */
  percent(share: number): string;
}

export interface Words {
  /** All languages with their own names, English first. */
  readonly locales: readonly { readonly code: Locale; readonly name: string }[];
  /** @param timeZone UTC if left out */
  for(locale: Locale, timeZone?: TimeZone): Translator;
  /** The language meant by "de-AT", "pt_BR", "Deutsch" or "german"; undefined if there is no catalogue. */
  named(text: string): Locale | undefined;
  /**
   * The language for a person: their own choice, else the best match of Accept-Language (RFC 4647 §3.4), else the site's,
   * else English. Languages without a catalogue are skipped.
   */
  choose(acceptLanguage: string | undefined, preferred: string | null, site: Locale): Locale;
  /** The first of these tags that has a catalogue, else English. */
  firstOf(tags: readonly string[]): Locale;
}

const DEFAULT_LOCALE = 'en';
const FOLDER = new URL('../../locales/', import.meta.url);

/** The texts of one language by key; plural forms by key and ending. */
export type Catalogue = Readonly<Record<string, string>>;

/** Loads the catalogues in `locales/`. To add a language, add its file. */
export function loadWords(): Words {
  return wordsOf(readCatalogues());
}

/** The catalogues in `locales/` by language. */
export function readCatalogues(): ReadonlyMap<Locale, Catalogue> {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  return new Map(files.map((file) => [file.slice(0, -'.json'.length), readCatalogue(file)]));
}

/** Translators over these catalogues. English must be among them: it is the fallback. */
export function wordsOf(catalogues: ReadonlyMap<Locale, Catalogue>): Words {
  const codes = [...catalogues.keys()].sort(englishFirst);
  const texts = createInstance();
  void texts.init({
    initAsync: false,
    fallbackLng: DEFAULT_LOCALE,
    resources: Object.fromEntries(codes.map((code) => [code, { translation: catalogues.get(code) ?? {} }])),
    keySeparator: false,
    nsSeparator: false,
    parseMissingKeyHandler: (key) => {
      throw new Error(`The catalogue has no words for "${key}".`);
    },
  });
  const speakers = new Map(codes.map((code) => [code, textsIn(texts, code)]));
  const translators = new Map<string, Translator>();
  const names = namesOf(codes);
  function translatorFor(locale: Locale, timeZone: TimeZone): Translator {
    const key = `${locale} ${timeZone}`;
    const known = translators.get(key);
    if (known) return known;
    const textOf = speakers.get(locale);
    if (textOf === undefined) throw new Error(`There is no catalogue for "${locale}".`);
    const made = translator(texts, textOf, locale, usableZone(timeZone));
    translators.set(key, made);
    return made;
  }
  const firstOf = (tags: readonly string[]) => {
    for (const tag of tags) {
      const locale = catalogueFor(tag, codes);
      if (locale !== undefined) return locale;
    }
    return DEFAULT_LOCALE;
  };
  return {
    locales: codes.map((code) => ({ code, name: ownName(code) })),
    for: (locale, timeZone = UTC) =>
      translatorFor(codes.includes(locale) ? locale : DEFAULT_LOCALE, timeZone),
    named: (text) => catalogueFor(text.trim(), codes) ?? names.get(nameKey(text)),
    choose: (acceptLanguage, preferred, site) =>
      firstOf([...(preferred === null ? [] : [preferred]), ...languageTags(acceptLanguage ?? ''), site]),
    firstOf,
  };
}

function readCatalogue(file: string): Catalogue {
  return z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')));
}

function englishFirst(one: Locale, other: Locale): number {
  return Number(other === DEFAULT_LOCALE) - Number(one === DEFAULT_LOCALE) || one.localeCompare(other);
}

function translator(texts: i18n, textOf: TextOf, locale: Locale, timeZone: TimeZone): Translator {
  const numbers = new Intl.NumberFormat(locale);
  const shares = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const language = locale === 'en' ? 'en-GB' : locale;
  const moments = new Intl.DateTimeFormat(language, {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone,
    timeZoneName: 'short',
  });
  const dates = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone });
  const times = new Intl.DateTimeFormat(language, { timeStyle: 'medium', hourCycle: 'h23', timeZone });
  const dir = new Intl.Locale(locale).getTextInfo().direction === 'rtl' ? 'rtl' : 'ltr';
  function written(values: MessageValues): (name: string) => string {
    const isolate = dir === 'rtl' ? isolated : (value: string) => value;
    return (name) => {
      const value = values[name] ?? '';
      return typeof value === 'number' ? numbers.format(value) : isolate(value);
    };
  }
  return {
    locale,
    timeZone,
    dir,
    t: (key, values) => (values ? filledIn(textOf(key, values['count']), written(values)) : textOf(key)),
    knows: (key): key is MessageKey =>
      [key, `${key}_other`].some((one) => texts.exists(one, { lng: locale })),
    when: (instant) => moments.format(instant),
    day: (instant) => dates.format(instant).replaceAll(' ', '\u00a0'),
    time: (instant) => times.format(instant),
    duration: (milliseconds) => formatDuration(milliseconds, locale),
    number: (value) => numbers.format(value),
    percent: (share) => shares.format(share),
  };
}

type TextOf = (key: MessageKey, count?: string | number) => string;

/** Looks up a language's texts with their placeholders, and caches each text and plural form. */
function textsIn(texts: i18n, locale: Locale): TextOf {
  const speak = texts.getFixedT(locale);
  // The English fallback uses English plural rules.
  const plurals = [locale, DEFAULT_LOCALE].map((one) => new Intl.PluralRules(one));
  const kept = new Map<string, string>();
  return (key, given) => {
    const count = typeof given === 'number' ? given : undefined;
    const form = count === undefined ? '' : plurals.map((rules) => rules.select(count)).join();
    const known = kept.get(key + form);
    if (known !== undefined) return known;
    const text = speak(key, { count, skipInterpolation: true });
    kept.set(key + form, text);
    return text;
  };
}

/**
 * Replaces all `{{placeholders}}` of a text in one pass, so that a value that contains "{{…}}" stays text: values are names
 * of people and sites, and may contain anything.
 */
function filledIn(text: string, written: (name: string) => string): string {
  return text.replace(/\{\{(\w+)\}\}/g, (_placeholder, name) => written(name));
}

/**
 * Isolates a value inside right-to-left text (UAX #9 §2.4, FIRST STRONG ISOLATE): otherwise the full stop after an address
 * would move to its other side. Characters, because titles and attributes cannot contain a <bdi>.
 */
function isolated(value: string): string {
  return value === '' ? '' : `\u2068${value}\u2069`;
}

function formatDuration(milliseconds: number, locale: Locale): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const minutes = Math.ceil(seconds / 60);
  if (seconds < 60) {
    return new Intl.DurationFormat(locale, { style: 'long', secondsDisplay: 'always' }).format({ seconds });
  }
  const parts = minutes < 60 ? { minutes } : { hours: Math.floor(minutes / 60), minutes: minutes % 60 };
  return new Intl.DurationFormat(locale, { style: 'long' }).format(parts);
}

function ownName(code: Locale): string {
  const name = new Intl.DisplayNames(code, { type: 'language' }).of(code) ?? code;
  // French and others write language names in lower case; here the name starts a line.
  return name.replace(/^\p{Ll}/u, (letter) => letter.toLocaleUpperCase(code));
}

/** The catalogue for a language tag such as "de-AT", "pt_BR" or "iw"; undefined if there is none. */
function catalogueFor(tag: string, codes: readonly Locale[]): Locale | undefined {
  const tags = lookupTags(tag.toLowerCase().replaceAll('_', '-'));
  return tags.flatMap((one) => codes.find((code) => code.toLowerCase() === one) ?? [])[0];
}

/** Each language by its names in all of the languages, itself included. */
function namesOf(codes: readonly Locale[]): ReadonlyMap<string, Locale> {
  const namings = codes.map((code) => new Intl.DisplayNames(code, { type: 'language' }));
  return new Map(codes.flatMap((code) => namings.map((names) => [nameKey(names.of(code) ?? code), code])));
}

/** The same for "Français", "francais" and "FRANÇAIS". */
function nameKey(name: string): string {
  return name.trim().slice(0, LONGEST_NAME).normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

/** In characters. */
const LONGEST_NAME = 60;
