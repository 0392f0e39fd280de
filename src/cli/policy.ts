import type { Command } from 'commander';
import { adoptionRecord } from '../files/adoption-export.ts';
import type { Translator, Words } from '../kernel/i18n.ts';
import { FIGURE_IDS } from '../policy/adoption.ts';
import type { Definitions } from '../settings/definition.ts';
import type { Policy } from '../settings/rule.ts';
import type { Settings } from '../settings/settings.ts';
import { changesBy, fieldsOf, textOf } from '../settings/table.ts';
import {
  type GivenRule,
  givenRule,
  graceWritten,
  type RuleOptions,
  ruleInZone,
  withRuleOptions,
  withSettingOptions,
} from './arguments.ts';
import { CommandError, type Operation, type Run, requireTables } from './operation.ts';
import { writeTable } from './terminal.ts';

/** The site's rule, and every setting that has an option. */
export function addPolicyCommands(policy: Command, run: Run, words: Translator, languages: Words): void {
  const { t } = words;
  policy
    .command('show')
    .description(t('cli.about-policy-show'))
    .option('--json', t('cli.option.json'))
    .action(({ json = false }: { json?: boolean }) => run((operation) => showPolicy(operation, { json })));
  const set = policy.command('set').description(t('cli.about-policy-set'));
  withSettingOptions(withRuleOptions(set, words), words, languages).action(
    async (options: RuleOptions & GivenSettings, command: Command) => {
      if (Object.keys(options).length === 0) command.error(t('cli.nothing-to-set'));
      await run((operation) => setPolicy(operation, givenRule(options), options));
    },
  );
}

/** `adoption` */
export function addAdoptionCommand(program: Command, run: Run, { t }: Translator): void {
  program
    .command('adoption')
    .description(t('cli.about-adoption'))
    .option('--json', t('cli.option.json'))
    .action(({ json = false }: { json?: boolean }) => run((operation) => showAdoption(operation, { json })));
}

/** `policy show` */
export async function showPolicy(operation: Operation, { json }: { readonly json: boolean }): Promise<void> {
  await requireTables(operation);
  sayPolicy(operation, await operation.services.settings.read(), json);
}

/** Values of the settings by the names of their fields. */
export type GivenSettings = Readonly<Record<string, unknown>>;

/**
 * `policy set`: changes what is given, and says how many people have only methods that are no longer on offer. It needs no
 * approval. `values` may contain more than settings.
 */
export async function setPolicy(
  operation: Operation,
  givenRule: GivenRule,
  values: GivenSettings = {},
): Promise<void> {
  await requireTables(operation);
  const { services, words, actor } = operation;
  const before = await services.settings.read();
  const site = changesBy(values, before);
  const { grace = before.grace, ...given } = ruleInZone(givenRule, site.timeZone ?? before.timeZone);
  const twoFactor: Policy = { ...before.twoFactor, ...given };
  if (twoFactor.rule !== 'off' && twoFactor.methods.length === 0) {
    throw new CommandError(words.t('cli.policy-without-methods', { rule: twoFactor.rule }));
  }
  await services.settingsChanges.change({ twoFactor, grace, ...site }, actor);
  sayPolicy(operation, await services.settings.read(), false);
  await sayUnoffered(operation);
}

/** Says how many people have only authenticators that are not on offer, if there are any: they are still asked for them. */
export async function sayUnoffered({ services, words, say }: Operation): Promise<void> {
  const unoffered = await services.policyReport.unoffered();
  if (unoffered > 0) say(words.t('cli.policy-unoffered', { count: unoffered }));
}

function sayPolicy({ words: { t }, say }: Operation, settings: Settings, json: boolean): void {
  const { twoFactor, grace, pendingResets, timeZone } = settings;
  const { rule, methods } = twoFactor;
  const written = graceWritten(grace, timeZone);
  const listed = listedSettings(settings);
  if (json) {
    const values = Object.fromEntries(listed.map(({ name, value }) => [name, value]));
    const pending = { pendingResets: pendingResets?.resets ?? null };
    say(JSON.stringify({ twoFactor: rule, methods, grace: written, ...values, ...pending }));
    return;
  }
  say(t('cli.policy-rule', { rule }));
  say(t('cli.policy-methods', { methods: methods.join(', ') || t('cli.none') }));
  say(t('cli.policy-grace', { grace: written }));
  for (const { name, key, value } of listed) {
    say(t(key, { value: textOf(value) }));
    if (pendingResets && name === 'waitingHours') say(t('cli.policy-pending'));
  }
}

/** The settings that have an option, with the key of the line that lists each. */
export function listedSettings(settings: Settings, table?: Definitions) {
  return fieldsOf(table).flatMap(({ name, definition, valueIn }) => {
    const { option } = definition;
    return option ? [{ name, key: option.listed, value: valueIn(settings) }] : [];
  });
}

/** `adoption`: the figures for everybody and each group, one column each, by the names of the export. */
export async function showAdoption(
  operation: Operation,
  { json }: { readonly json: boolean },
): Promise<void> {
  await requireTables(operation);
  const { services, words, say } = operation;
  const slices = await services.adoption.slices(await services.policyReport.rules());
  if (json) return say(JSON.stringify(slices.map(adoptionRecord)));
  writeTable(
    [
      ['', ...slices.map(({ group }) => group?.name ?? words.t('adoption.everybody'))],
      ...FIGURE_IDS.map((id) => [id, ...slices.map(({ figures }) => words.number(figures[id]))]),
    ],
    say,
  );
}
