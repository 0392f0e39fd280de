import { z } from 'zod';
import type { Grace } from '../two-factor/grace.ts';
import { METHOD_IDS, type MethodId } from '../two-factor/method.ts';
import type { LaidDownRule } from '../two-factor/personal-policy.ts';
import { TWO_FACTOR_RULES } from '../two-factor/policy.ts';
import { json, whole } from './rows.ts';

/** Methods that another version of the portal offers are left out; the rule holds all the same. */
export const methodIds = z
  .array(z.string())
  .transform((ids): readonly MethodId[] => METHOD_IDS.filter((method) => ids.includes(method)));

/** One that cannot be read is a fault: none would shut people out, and another would let them wait. */
export const graceShape: z.ZodType<Grace> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
  z.object({ kind: z.literal('until'), at: z.number().int() }),
  z.object({ kind: z.literal('days'), days: z.number().int().min(0) }),
]);

/** The columns of a rule that is laid down. */
export const ruleColumns = z.object({
  rule: z.enum(TWO_FACTOR_RULES),
  methods: json.pipe(methodIds),
  grace: json.pipe(graceShape),
  mandatory_since: whole,
});

export function ruleOf({ rule, methods, grace, mandatory_since }: z.infer<typeof ruleColumns>): LaidDownRule {
  return { rule, methods, grace, since: mandatory_since };
}

export function columnsOf({ rule, methods, grace, since }: LaidDownRule) {
  return {
    rule,
    methods: JSON.stringify(methods),
    grace: JSON.stringify(grace),
    mandatory_since: since,
  };
}
