import { z } from 'zod';
import { type Grace, LONGEST_GRACE_DAYS, NO_GRACE } from '../../two-factor/grace.ts';
import { METHOD_IDS, type MethodId } from '../../two-factor/method.ts';
import type { LaidDownRule } from '../../two-factor/personal-policy.ts';
import { TWO_FACTOR_RULES } from '../../two-factor/policy.ts';
import { type FieldFault, optionalDay, tick, wholeNumber } from '../../web/forms.ts';
import type { MessageKey } from '../../words.ts';

const says = (key: MessageKey): { error: MessageKey } => ({ error: key });

const GRACE_KINDS = ['none', 'until', 'days'] as const satisfies readonly Grace['kind'][];

/** For how long it may be put off; the views' part is `admin/grace-fields`. */
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

export function graceIn({ grace, graceDate = 0, graceDays }: GraceForm): Grace {
  if (grace === 'until') return { kind: grace, at: graceDate };
  return grace === 'days' && graceDays > 0 ? { kind: grace, days: graceDays } : NO_GRACE;
}

export function typedGrace(grace: Grace): Readonly<Record<string, string>> {
  return {
    grace: grace.kind,
    ...(grace.kind === 'until' && { graceDate: new Date(grace.at).toISOString().slice(0, 10) }),
    ...(grace.kind === 'days' && { graceDays: String(grace.days) }),
  };
}

/** Each method is a field of its own: a list in one field would not survive being kept during a step-up. */
type MethodField = `method-${MethodId}`;
const methodField = (id: MethodId): MethodField => `method-${id}`;
const methodTick = tick();

/** A rule, of the site or of a group; the views' part is `admin/rule-fields`. */
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

export const METHODS_MISSING = { ...says('policy.methods-missing'), path: ['methods'] };

export function ruleIn(values: RuleForm): Omit<LaidDownRule, 'since'> {
  const methods = METHOD_IDS.filter((id) => values[methodField(id)]);
  return { rule: values.rule, methods, grace: graceIn(values) };
}

/** The fields as somebody would have filled them in to decide this. */
export function typedRule({
  rule,
  methods,
  grace,
}: Omit<LaidDownRule, 'since'>): Readonly<Record<string, string>> {
  return {
    rule,
    ...Object.fromEntries(methods.map((id) => [methodField(id), 'on'])),
    ...typedGrace(grace),
  };
}

/** A fault of one method's field shows at the group that it stands in. */
export function atGroup(fault: FieldFault): FieldFault {
  return METHOD_IDS.some((id) => methodField(id) === fault.field) ? { ...fault, field: 'methods' } : fault;
}

/** What the views offer. */
export const RULE_CHOICES = { rules: TWO_FACTOR_RULES, methods: METHOD_IDS, graces: GRACE_KINDS };
