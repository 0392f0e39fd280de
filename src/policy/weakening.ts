import type { Definitions } from '../settings/definition.ts';
import type { Grace } from '../settings/grace.ts';
import { METHOD_IDS, type MethodId } from '../settings/method-ids.ts';
import { type Policy, TWO_FACTOR_RULES } from '../settings/rule.ts';
import type { ResetRules, Settings } from '../settings/settings.ts';
import { fieldsOf } from '../settings/table.ts';

/** Whether resets would need no second approval, or a shorter wait. False if no second approval was needed before. */
export function loosensResets(before: ResetRules, after: ResetRules): boolean {
  if (!before.secondApproval) return false;
  return !after.secondApproval || after.waitingHours < before.waitingHours;
}

/** Whether the settings require less of people, or warnings might no longer arrive. For resets see `loosensResets`. */
export function weakensSite(before: Settings, after: Settings, table?: Definitions): boolean {
  return (
    weakensRule({ ...before.twoFactor, grace: before.grace }, { ...after.twoFactor, grace: after.grace }) ||
    fieldsOf(table).some(({ definition, valueIn }) => definition.weakens?.(valueIn(before), valueIn(after)))
  );
}

/** Whether a rule of the site or of a group requires less than before: in strictness, methods or time. */
export function weakensRule(
  before: Policy & { readonly grace: Grace },
  after: Policy & { readonly grace: Grace },
): boolean {
  const strictness = ({ rule }: Policy) => TWO_FACTOR_RULES.indexOf(rule);
  if (strictness(after) !== strictness(before)) return strictness(after) < strictness(before);
  if (after.rule === 'off') return false;
  const isLonger = after.rule === 'mandatory' && prolongs(before.grace, after.grace);
  return isLonger || weakensMethods(before.methods, after.methods);
}

/** Whether the strongest method is lost, or one weaker than all others is added. `METHOD_IDS` begins with the strongest. */
function weakensMethods(before: readonly MethodId[], after: readonly MethodId[]): boolean {
  const ranks = (methods: readonly MethodId[]) =>
    METHOD_IDS.flatMap((id, i) => (methods.includes(id) ? [i] : []));
  const [old, next] = [ranks(before), ranks(after)];
  return (next[0] ?? Infinity) > (old[0] ?? Infinity) || (next.at(-1) ?? -1) > (old.at(-1) ?? -1);
}

/** Whether a grace is longer. A change of kind counts as longer, because it is not known which one ends first. */
function prolongs(before: Grace, after: Grace): boolean {
  if (after.kind === 'none') return false;
  if (after.kind === 'days' && before.kind === 'days') return after.days > before.days;
  if (after.kind === 'until' && before.kind === 'until') return after.at > before.at;
  return true;
}
