import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { LONGEST_GROUP_NAME } from '../accounts/group.ts';
import { nameInLists } from '../fields.ts';
import { type Grace, LONGEST_GRACE_DAYS, NO_GRACE } from '../two-factor/grace.ts';
import { METHOD_IDS, type MethodId } from '../two-factor/method.ts';
import { TWO_FACTOR_RULES, type TwoFactorRule } from '../two-factor/policy.ts';
import type { MessageKey, Translator } from '../words.ts';

/** What the forms of the site take, the command line takes, and nothing else. */
export function parsedBy(schema: z.ZodType<string>, { t }: Translator): (text: string) => string {
  return (text) => {
    const parsed = schema.safeParse(text);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    const count = issue && 'maximum' in issue && typeof issue.maximum === 'number' ? issue.maximum : 0;
    throw new InvalidArgumentError(t((issue?.message ?? 'error.not-text') as MessageKey, { count }));
  };
}

export function groupName(words: Translator): (text: string) => string {
  return parsedBy(nameInLists('group.name-missing', LONGEST_GROUP_NAME), words);
}

/** What of a rule is given on the command line. */
export interface GivenRule {
  readonly rule?: TwoFactorRule;
  readonly methods?: readonly MethodId[];
  readonly grace?: Grace;
}

/** What commander makes of the options of a rule. */
export interface RuleOptions {
  readonly twoFactor?: TwoFactorRule;
  readonly methods?: readonly MethodId[];
  readonly grace?: Grace;
}

/** Adds the options by which a rule is given, of the site or of a group. */
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

export function graceOption(words: Translator): Option {
  return new Option('--grace <time>', words.t('cli.option.grace')).argParser((text) => graceIn(text, words));
}

/** "none", "14d", or the day (UTC) with whose beginning it ends. */
function graceIn(text: string, { t }: Translator): Grace {
  if (text === 'none') return NO_GRACE;
  const [, number] = /^(\d{1,3})d$/.exec(text) ?? [];
  if (number !== undefined && Number(number) <= LONGEST_GRACE_DAYS) {
    return Number(number) === 0 ? NO_GRACE : { kind: 'days', days: Number(number) };
  }
  if (z.iso.date().safeParse(text).success) return { kind: 'until', at: Date.parse(text) };
  throw new InvalidArgumentError(t('cli.grace-form'));
}

/** A grace as the option takes it. */
export function graceWritten(grace: Grace): string {
  switch (grace.kind) {
    case 'none':
      return 'none';
    case 'days':
      return `${grace.days}d`;
    case 'until':
      return new Date(grace.at).toISOString().slice(0, 10);
  }
}

/** "email,app" as method ids in the order in which they are offered; empty for none. */
function methodsIn(list: string, { t }: Translator): MethodId[] {
  const names = list.split(',').flatMap((name) => name.trim() || []);
  const unknown = names.filter((name) => !METHOD_IDS.some((id) => id === name));
  if (unknown.length > 0) {
    throw new InvalidArgumentError(t('cli.unknown-method', { methods: METHOD_IDS.join(', ') }));
  }
  return METHOD_IDS.filter((id) => names.includes(id));
}
