import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { nameInLists, valuesOf } from '../kernel/fields.ts';
import type { Locale, MessageKey, Translator, Words } from '../kernel/i18n.ts';
import { type CalendarDay, dayIn, startOfDay, type TimeZone } from '../kernel/time-zone.ts';
import { LONGEST_GROUP_NAME } from '../policy/group.ts';
import type { Definitions, FieldDefinition, FieldOption } from '../settings/definition.ts';
import { type Grace, LONGEST_GRACE_DAYS, NO_GRACE } from '../settings/grace.ts';
import { METHOD_IDS, type MethodId } from '../settings/method-ids.ts';
import { TWO_FACTOR_RULES, type TwoFactorRule } from '../settings/rule.ts';
import { fieldsOf } from '../settings/table.ts';

/** Parses an argument with the schema of a form field, so that both accept the same. */
export function parsedBy(schema: z.ZodType<string>, { t }: Translator): (text: string) => string {
  return (text) => {
    const parsed = schema.safeParse(text);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw new InvalidArgumentError(
      t((issue?.message ?? 'error.not-text') as MessageKey, issue && valuesOf(issue)),
    );
  };
}

export function groupName(words: Translator): (text: string) => string {
  return parsedBy(nameInLists('group.name-missing', LONGEST_GROUP_NAME), words);
}

/** A grace period as given. Its day is in the site's time zone, which is known once the portal is open. */
export type GivenGrace = Grace | { readonly kind: 'until day'; readonly day: CalendarDay };

/** The parts of a rule that are given. */
export interface GivenRule {
  readonly rule?: TwoFactorRule;
  readonly methods?: readonly MethodId[];
  readonly grace?: GivenGrace;
}

/** The same with the grace period resolved in a time zone. */
export interface GivenRuleInZone extends Omit<GivenRule, 'grace'> {
  readonly grace?: Grace;
}

/** Options of a rule, as commander parses them. */
export interface RuleOptions {
  readonly twoFactor?: TwoFactorRule;
  readonly methods?: readonly MethodId[];
  readonly grace?: GivenGrace;
}

/** Adds the options of a rule, for the site or a group. */
export function withRuleOptions(command: Command, words: Translator): Command {
  const { t } = words;
  return command
    .addOption(new Option('--two-factor <rule>', t('cli.option.two-factor')).choices(TWO_FACTOR_RULES))
    .addOption(
      new Option('--methods <list>', t('cli.option.methods')).argParser((list) => methodsIn(list, words)),
    )
    .addOption(graceOption(words));
}

export function givenRule({ twoFactor, methods, grace }: RuleOptions): GivenRule {
  return { ...(twoFactor && { rule: twoFactor }), ...(methods && { methods }), ...(grace && { grace }) };
}

/** Adds an option for each setting that has one; commander has its value by the name of the field. */
export function withSettingOptions(
  command: Command,
  words: Translator,
  languages: Words,
  table?: Definitions,
): Command {
  for (const { kebab, definition } of fieldsOf(table)) {
    const { option } = definition;
    if (option) command.addOption(settingOption(`--${kebab}`, definition, option, words, languages));
  }
  return command;
}

function settingOption(
  flag: string,
  { kind, given }: FieldDefinition,
  { argument, about, refused }: FieldOption,
  { t }: Translator,
  languages: Words,
): Option {
  const option = new Option(`${flag} <${argument}>`, t(about));
  if (kind === 'switch') option.choices(['on', 'off']);
  // Commander's own check names the choices.
  const check = option.parseArg;
  return option.argParser((text) => {
    check?.(text, text);
    const value = given(text, languages);
    if (value !== undefined) return value;
    throw new InvalidArgumentError(refused ? t(refused, { languages: languageCodes(languages) }) : '');
  });
}

export function graceOption(words: Translator): Option {
  return new Option('--grace <time>', words.t('cli.option.grace')).argParser((text) => graceIn(text, words));
}

/** "none", "14d", or the day at whose start it ends. */
function graceIn(text: string, { t }: Translator): GivenGrace {
  if (text === 'none') return NO_GRACE;
  const [, number] = /^(\d{1,3})d$/.exec(text) ?? [];
  if (number !== undefined && Number(number) <= LONGEST_GRACE_DAYS) {
    return Number(number) === 0 ? NO_GRACE : { kind: 'days', days: Number(number) };
  }
  if (z.iso.date().safeParse(text).success) return { kind: 'until day', day: text };
  throw new InvalidArgumentError(t('cli.grace-form'));
}

export function graceInZone(grace: GivenGrace, zone: TimeZone): Grace {
  return grace.kind === 'until day' ? { kind: 'until', at: startOfDay(zone, grace.day) } : grace;
}

/** Resolves the given day in the zone. */
export function ruleInZone({ grace, ...rule }: GivenRule, zone: TimeZone): GivenRuleInZone {
  return { ...rule, ...(grace && { grace: graceInZone(grace, zone) }) };
}

/** A grace period in the option's syntax. */
export function graceWritten(grace: Grace, zone: TimeZone): string {
  switch (grace.kind) {
    case 'none':
      return 'none';
    case 'days':
      return `${grace.days}d`;
    case 'until':
      return dayIn(zone, grace.at);
  }
}

/** "email,app" as method ids, in the order in which they are offered; empty for none. */
function methodsIn(list: string, { t }: Translator): MethodId[] {
  const names = list.split(',').flatMap((name) => name.trim() || []);
  const unknown = names.filter((name) => !METHOD_IDS.some((id) => id === name));
  if (unknown.length > 0) {
    throw new InvalidArgumentError(t('cli.unknown-method', { methods: METHOD_IDS.join(', ') }));
  }
  return METHOD_IDS.filter((id) => names.includes(id));
}

/** A language by its code, or by its name in any language. */
export function languageIn(text: string, words: Translator, languages: Words): Locale {
  const found = languages.named(text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(words.t('cli.language-unknown', { languages: languageCodes(languages) }));
}

/** "en, ar, de", for the error about an unknown language. */
function languageCodes({ locales }: Words): string {
  return locales.map(({ code }) => code).join(', ');
}
