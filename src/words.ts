import { readdirSync, readFileSync } from 'node:fs';
import { createInstance, type i18n } from 'i18next';
import { z } from 'zod';
import type english from '../locales/en.json';
import type { Instant } from './time.ts';

type PluralForm = 'zero' | 'one' | 'two' | 'few' | 'many' | 'other';
type Stem<Key> = Key extends `${infer Name}_${PluralForm}` ? Name : Key;

/** A key of the catalogue, without the endings of plural forms: the compiler refuses words that do not exist. */
export type MessageKey = Stem<keyof typeof english>;

/** What goes into a text's `{{placeholders}}`; a number `count` also chooses the plural form. */
export type MessageValues = Readonly<Record<string, string | number>>;

/** A BCP 47 tag that has a catalogue, such as "en". */
export type Locale = string;

/** Speaks one language. */
export interface Translator {
  readonly locale: Locale;
  readonly dir: 'ltr' | 'rtl';
  /** The text of a key, in English where the language lacks it; throws where there is none at all. Never escaped. */
  t(key: MessageKey, values?: MessageValues): string;
  /** Whether a key that comes from outside the code (an old session) still has words. */
  knows(key: string): key is MessageKey;
  /** "1 January 2030 at 14:03 UTC". */
  when(instant: Instant): string;
  /** "1 Jan 2030", the day in UTC, for columns of a table: it stays on one line. */
  day(instant: Instant): string;
  /** "14:03:27", in UTC, for columns of a table. */
  time(instant: Instant): string;
  /** Milliseconds as "30 seconds", "2 minutes" (rounded up), "1 hour, 5 minutes". */
  duration(milliseconds: number): string;
  number(value: number): string;
  /** A share of 1 as "33.3%". */
  percent(share: number): string;
}

export interface Words {
  /** Every language there is, with its name in that language, English first. */
  readonly locales: readonly { readonly code: Locale; readonly name: string }[];
  for(locale: Locale): Translator;
  /** The language for a person: the one they chose, else the best of their browser's header, else English. */
  choose(acceptLanguage: string | undefined, preferred: string | null): Locale;
}

const DEFAULT_LOCALE = 'en';
const FOLDER = new URL('../locales/', import.meta.url);

/** The texts of one language by key, plural forms by key and ending. */
export type Catalogue = Readonly<Record<string, string>>;

/** The words of the catalogues in `locales/`; a language is added by adding its file. */
export function loadWords(): Words {
  return wordsOf(readCatalogues());
}

/** The catalogues in `locales/` by language. */
export function readCatalogues(): ReadonlyMap<Locale, Catalogue> {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  return new Map(files.map((file) => [file.slice(0, -'.json'.length), readCatalogue(file)]));
}

/** The words of these catalogues; English has to be among them, for it stands in where another lacks a text. */
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
  const translators = new Map(codes.map((code) => [code, translator(texts, code)]));
  return {
    locales: codes.map((code) => ({ code, name: ownName(code) })),
    for: (locale) => translators.get(locale) ?? translatorOf(translators, DEFAULT_LOCALE),
    choose: (acceptLanguage, preferred) =>
      preferred !== null && codes.includes(preferred) ? preferred : negotiate(acceptLanguage ?? '', codes),
  };
}

function readCatalogue(file: string): Catalogue {
  return z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')));
}

function englishFirst(one: Locale, other: Locale): number {
  return Number(other === DEFAULT_LOCALE) - Number(one === DEFAULT_LOCALE) || one.localeCompare(other);
}

function translator(texts: i18n, locale: Locale): Translator {
  const textOf = textsIn(texts, locale);
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
    timeZone: 'UTC',
    timeZoneName: 'short',
  });
  const dates = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' });
  const times = new Intl.DateTimeFormat(language, { timeStyle: 'medium', hourCycle: 'h23', timeZone: 'UTC' });
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

/** Finds a language's texts, placeholders and all; each is looked up once, and each of its plural forms. */
function textsIn(texts: i18n, locale: Locale): (key: MessageKey, count?: string | number) => string {
  const speak = texts.getFixedT(locale);
  // English stands in for a text that is missing, in the form that English has for the number.
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
 * Puts values into a text's `{{placeholders}}` at once, so that none is read as a text with placeholders of its own: names
 * of people and sites go in, and they may contain anything.
 */
function filledIn(text: string, written: (name: string) => string): string {
  return text.replace(/\{\{(\w+)\}\}/g, (_placeholder, name) => written(name));
}

/**
 * A value amid text that runs from right to left, kept together (Unicode TR9 §2.4: FIRST STRONG ISOLATE): an address
 * would else take the full stop behind it along. By characters, for titles and attributes have no room for a <bdi>.
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

function translatorOf(translators: ReadonlyMap<Locale, Translator>, locale: Locale): Translator {
  const found = translators.get(locale);
  if (found === undefined) throw new Error(`There is no catalogue for "${locale}".`);
  return found;
}

function ownName(code: Locale): string {
  const name = new Intl.DisplayNames(code, { type: 'language' }).of(code) ?? code;
  // Where languages are written small, as in French, the name still begins a line of its own here.
  return name.replace(/^\p{Ll}/u, (letter) => letter.toLocaleUpperCase(code));
}

/** The best language of an Accept-Language header (RFC 9110 §12.5.4), by RFC 4647 §3.4 lookup; English without any. */
function negotiate(header: string, codes: readonly Locale[]): Locale {
  const ranges = header
    .split(',')
    .map(parseRange)
    .filter((range) => range.quality > 0)
    .sort((one, other) => other.quality - one.quality);
  for (const { tag } of ranges) {
    const match = codes.find((code) => code.toLowerCase() === tag) ?? byLanguage(tag, codes);
    if (match !== undefined) return match;
  }
  return DEFAULT_LOCALE;
}

function byLanguage(tag: string, codes: readonly Locale[]): Locale | undefined {
  const [language] = tag.split('-');
  return codes.find((code) => code.toLowerCase() === language);
}

function parseRange(text: string): { readonly tag: string; readonly quality: number } {
  const [tag = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  const wellFormed = weight === undefined || /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight);
  return { tag, quality: wellFormed ? Number(weight ?? 1) : 0 };
}
