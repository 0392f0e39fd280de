import type { Grace } from '../two-factor/grace.ts';
import type { Policy } from '../two-factor/policy.ts';
import { type GivenRule, graceWritten } from './arguments.ts';
import { type Operation, requireTables } from './operation.ts';
import { Refusal } from './refusal.ts';

/** `policy show` */
export async function showPolicy(operation: Operation, { json }: { readonly json: boolean }): Promise<void> {
  await requireTables(operation);
  const { twoFactor, grace } = await operation.services.settings.read();
  sayPolicy(operation, twoFactor, grace, json);
}

/** `policy set`: changes what is given, and says how many people it leaves without 2FA. */
export async function setPolicy(
  operation: Operation,
  { grace: givenGrace, ...given }: GivenRule,
): Promise<void> {
  await requireTables(operation);
  const { services, words, actor } = operation;
  const before = await services.settings.read();
  const twoFactor: Policy = { ...before.twoFactor, ...given };
  const grace = givenGrace ?? before.grace;
  if (twoFactor.rule !== 'off' && twoFactor.methods.length === 0) {
    throw new Refusal(words.t('cli.policy-without-methods', { rule: twoFactor.rule }));
  }
  await services.settingsChanges.change({ twoFactor, grace }, actor);
  sayPolicy(operation, twoFactor, grace, false);
  await sayStranded(operation);
}

/** Says how many people have authenticators that count for nothing now, if there are any. */
export async function sayStranded({ services, words, say }: Operation): Promise<void> {
  const stranded = await services.census.without();
  if (stranded > 0) say(words.t('cli.policy-stranded', { count: stranded }));
}

function sayPolicy({ words, say }: Operation, { rule, methods }: Policy, grace: Grace, json: boolean): void {
  if (json) {
    say(JSON.stringify({ twoFactor: rule, methods, grace: graceWritten(grace) }));
  } else {
    say(words.t('cli.policy-rule', { rule }));
    say(words.t('cli.policy-methods', { methods: methods.join(', ') || words.t('cli.none') }));
    say(words.t('cli.policy-grace', { grace: graceWritten(grace) }));
  }
}
