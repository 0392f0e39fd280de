import { z } from 'zod';
import type { MessageKey } from '../../../kernel/i18n.ts';
import { dayIn, startOfDay, type TimeZone } from '../../../kernel/time-zone.ts';
import { type Grace, LONGEST_GRACE_DAYS, NO_GRACE } from '../../../settings/grace.ts';
import { METHOD_IDS, type MethodId } from '../../../settings/method-ids.ts';
import { type PolicyRule, TWO_FACTOR_RULES } from '../../../settings/rule.ts';
import { type FieldError, optionalDay, tick, wholeNumber } from '../../../web/forms.ts';

const says = (key: MessageKey): { error: MessageKey } => ({ error: key });

const GRACE_KINDS = ['none', 'until', 'days'] as const satisfies readonly Grace['kind'][];

/** The fields of a grace period; their view is `admin/grace-fields`. */
export const graceFields = {
  grace: z.enum(GRACE_KINDS, says('grace.missing')).default('none'),
  graceDate: optionalDay(),
  graceDays: wholeNumber(LONGEST_GRACE_DAYS, 'grace.days-form'),
};

type GraceForm = z.infer<z.ZodObject<typeof graceFields>>;

export function hasDate({ grace, graceDate }: GraceForm): boolean {
  return grace !== 'until' || graceDate !== undefined;
}

export const DATE_MISSING = { ...says('grace.date-missing'), path: ['graceDate'] };

/** The grace period of the form. A date is the start of that day in the zone. */
export function graceIn({ grace, graceDate, graceDays }: GraceForm, zone: TimeZone): Grace {
  if (grace === 'until' && graceDate !== undefined) return { kind: grace, at: startOfDay(zone, graceDate) };
  return grace === 'days' && graceDays > 0 ? { kind: grace, days: graceDays } : NO_GRACE;
}

export function typedGrace(grace: Grace, zone: TimeZone): Readonly<Record<string, string>> {
  return {
    grace: grace.kind,
    ...(grace.kind === 'until' && { graceDate: dayIn(zone, grace.at) }),
    ...(grace.kind === 'days' && { graceDays: String(grace.days) }),
  };
}

/** A field per method: kept values are text, so a list in one field would be lost during a step-up. */
type MethodField = `method-${MethodId}`;
const methodField = (id: MethodId): MethodField => `method-${id}`;
const methodTick = tick();

/** The fields of a rule, of the site or a group; their view is `admin/rule-fields`. */
export const ruleFields = {
  rule: z.enum(TWO_FACTOR_RULES, says('policy.rule-missing')),
  ...(Object.fromEntries(METHOD_IDS.map((id) => [methodField(id), methodTick])) as Record<
    MethodField,
    typeof methodTick
  >),
  ...graceFields,
};

type RuleForm = z.infer<z.ZodObject<typeof ruleFields>>;

export function hasMethods(values: RuleForm): boolean {
  return values.rule === 'off' || METHOD_IDS.some((id) => values[methodField(id)]);
}

const [FIRST_METHOD] = METHOD_IDS;

/** An error of the first method's field, which gives its place in the order; shown at the group (`atGroup`). */
export const METHODS_MISSING = { ...says('policy.methods-missing'), path: [methodField(FIRST_METHOD)] };

export function ruleIn(values: RuleForm, zone: TimeZone): Omit<PolicyRule, 'since'> {
  const methods = METHOD_IDS.filter((id) => values[methodField(id)]);
  return { rule: values.rule, methods, grace: graceIn(values, zone) };
}

/** The rule as text for the form's fields. */
export function typedRule(
  { rule, methods, grace }: Omit<PolicyRule, 'since'>,
  zone: TimeZone,
): Readonly<Record<string, string>> {
  return {
    rule,
    ...Object.fromEntries(methods.map((id) => [methodField(id), 'on'])),
    ...typedGrace(grace, zone),
  };
}

/** Moves an error of a method's field to the group of methods. */
export function atGroup(fault: FieldError): FieldError {
  return METHOD_IDS.some((id) => methodField(id) === fault.field) ? { ...fault, field: 'methods' } : fault;
}

/** The choices that the views offer. */
export const RULE_CHOICES = { rules: TWO_FACTOR_RULES, methods: METHOD_IDS, graces: GRACE_KINDS };
