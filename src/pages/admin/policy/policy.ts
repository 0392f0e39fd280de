import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Words } from '../../../kernel/i18n.ts';
import type { SettingsInput, SettingsOutcome } from '../../../policy/settings-changes.ts';
import { type Settings, siteRule } from '../../../settings/settings.ts';
import { changesBy } from '../../../settings/table.ts';
import { addConfirmPage } from '../../../web/confirm-page.ts';
import type { Redirect, Redisplay } from '../../../web/form-page.ts';
import type { AddPage } from '../../../web/routes.ts';
import type { PageServices } from '../../page-services.ts';
import { policyProposal } from './policy-preview.ts';
import {
  atGroup,
  DATE_MISSING,
  hasDate,
  hasMethods,
  METHODS_MISSING,
  RULE_CHOICES,
  ruleFields,
  ruleIn,
  typedRule,
} from './rule-fields.ts';
import { SETTING_FIELDS, settingFieldsInWords, settingShape, typedSettings } from './setting-fields.ts';

type PolicyServices = Pick<
  PageServices,
  'guards' | 'policyImpact' | 'renderer' | 'settingsChanges' | 'words'
>;

const PATH = '/admin/policy';

/** /admin/policy, and …/confirm: a preview, if people would have to enrol or lose a method that they use. */
export function policyPage(addPage: AddPage, services: PolicyServices): void {
  const { guards, settingsChanges, words: languages } = services;
  addConfirmPage(addPage, services, {
    path: PATH,
    viewGuard: guards.administrator,
    guard: guards.steppedUpAdministrator,
    schema: schemaFor(languages),
    values({ who }) {
      const { settings } = who.context;
      const rule = typedRule(siteRule(settings), settings.timeZone);
      return { ...rule, ...typedSettings(SETTING_FIELDS, settings) };
    },
    view: ({ who: { context } }) => ({
      view: 'admin/policy',
      title: context.words.t('policy.title'),
      caption: context.words.t('menu.administration'),
      model: {
        ...RULE_CHOICES,
        fields: settingFieldsInWords(SETTING_FIELDS, context.words, languages),
        waits: context.settings.pendingResets !== null,
      },
    }),
    placeErrors: (errors) => errors.map(atGroup),
    async propose(values, exchange) {
      const { actor, context } = exchange.who;
      const { settings, words } = context;
      const changes = changesIn(values, settings);
      const [now, next] = [siteRule(settings), settingsChanges.next(settings, changes)];
      return policyProposal(services, exchange, {
        // An unchanged rule affects nobody: a new site name needs no preview.
        proposed: isDeepStrictEqual(now, next) ? {} : { site: next },
        apply: async (bound) => saidOf(await bound.settingsChanges.change(changes, actor)),
        back: { href: PATH, text: words.t('policy.title') },
        keep: words.t('policy.keep'),
      });
    },
  });
}

/** The schema's type has the fields of the rule only: the settings come from the table. */
function schemaFor(languages: Words) {
  const settings: object = settingShape(SETTING_FIELDS, languages);
  return z
    .object({ ...ruleFields, ...settings })
    .refine(hasMethods, METHODS_MISSING)
    .refine(hasDate, DATE_MISSING);
}

/** A date is a day in the time zone that this form selects, because the form shows it in that zone afterwards. */
function changesIn(values: z.infer<ReturnType<typeof schemaFor>>, present: Settings): Partial<SettingsInput> {
  const changes = changesBy(values, present);
  const { grace, ...twoFactor } = ruleIn(values, changes.timeZone ?? present.timeZone);
  return { ...changes, twoFactor, grace };
}

const SAID = {
  changed: { key: 'policy.saved', kind: 'success' },
  unchanged: { key: 'policy.unchanged', kind: 'info' },
  waits: { key: 'policy.waits', kind: 'warning' },
} as const;

function saidOf(outcome: SettingsOutcome): Redirect | Redisplay {
  if (outcome !== 'too few approvers') return { goTo: PATH, flash: SAID[outcome] };
  return { errors: [{ field: 'secondApproval', key: 'policy.too-few-approvers' }] };
}
