import { z } from 'zod';
import { storedGrace } from '../settings/grace.ts';
import { storedMethods } from '../settings/method-ids.ts';
import { type PolicyRule, TWO_FACTOR_RULES } from '../settings/rule.ts';
import { integerColumn, json } from './sql/rows.ts';

/** The columns of a rule. */
export const RULE = {
  rule: z.enum(TWO_FACTOR_RULES),
  methods: json.pipe(storedMethods),
  grace: json.pipe(storedGrace),
  mandatorySince: integerColumn,
};

export function ruleColumns({ rule, methods, grace, since }: PolicyRule) {
  return {
    rule,
    methods: JSON.stringify(methods),
    grace: JSON.stringify(grace),
    mandatory_since: since,
  };
}
