import { z } from 'zod';
import type { Translator } from '../../../kernel/i18n.ts';
import type { TimeZone } from '../../../kernel/time-zone.ts';
import { LONGEST_GROUP_NAME } from '../../../policy/group.ts';
import type { GroupInput } from '../../../policy/groups.ts';
import { NO_GRACE } from '../../../settings/grace.ts';
import { addConfirmPage } from '../../../web/confirm-page.ts';
import { addFormPage } from '../../../web/form-page.ts';
import { nameInLists } from '../../../web/forms.ts';
import type { Page } from '../../../web/rendering.ts';
import type { AddPage } from '../../../web/routes.ts';
import type { PageServices } from '../../page-services.ts';
import { policyProposal } from '../policy/policy-preview.ts';
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
} from '../policy/rule-fields.ts';
import { GROUPS, groupOf, pathOf } from './groups.ts';

type GroupFormServices = Pick<PageServices, 'groups' | 'guards' | 'policyImpact' | 'renderer'>;

const schema = z
  .object({
    name: nameInLists('group.name-missing', LONGEST_GROUP_NAME),
    ...ruleFields,
  })
  .refine(hasMethods, METHODS_MISSING)
  .refine(hasDate, DATE_MISSING);

const NAME_TAKEN = { errors: [{ field: 'name', key: 'group.name-taken' }] } as const;

/** /admin/groups/new */
export function newGroupPage(
  addPage: AddPage,
  services: Pick<PageServices, 'groups' | 'guards' | 'renderer'>,
): void {
  addFormPage(addPage, services, {
    path: `${GROUPS}/new`,
    guard: services.guards.steppedUpAdministrator,
    schema,
    values({ who: { context } }) {
      const { twoFactor, timeZone } = context.settings;
      return typedRule({ rule: 'mandatory', methods: twoFactor.methods, grace: NO_GRACE }, timeZone);
    },
    view: ({ who: { context } }) => {
      const { t } = context.words;
      return formPage(t, t('group.new'), `${GROUPS}/new`, { href: GROUPS, text: t('groups.title') });
    },
    placeErrors: (errors) => errors.map(atGroup),
    async submit(values, { who: { context, actor } }) {
      const group = await services.groups.create(inputOf(values, context.settings.timeZone), actor);
      if (!group) return NAME_TAKEN;
      return { goTo: pathOf(group), flash: { key: 'group.created', kind: 'success' } };
    },
  });
}

/** /admin/groups/:id/edit, and …/confirm: a preview, if members would have to enrol or lose a method that they use. */
export function groupEditPage(addPage: AddPage, services: GroupFormServices): void {
  addConfirmPage(addPage, services, {
    path: `${GROUPS}/:id/edit`,
    confirmPath: `${GROUPS}/:id/confirm`,
    guard: services.guards.steppedUpAdministrator,
    schema,
    load: ({ request }) => groupOf(services, request),
    values: ({ who, subject: { name, ...rule } }) => ({
      name,
      ...typedRule(rule, who.context.settings.timeZone),
    }),
    view: ({ who: { context }, subject: group }) => {
      const { t } = context.words;
      const [path, { name }] = [pathOf(group), group];
      return formPage(t, t('group.edit-title', { name }), `${path}/edit`, { href: path, text: name });
    },
    placeErrors: (errors) => errors.map(atGroup),
    async propose(values, exchange) {
      const { subject: group, who } = exchange;
      const { words, settings } = who.context;
      const input = inputOf(values, settings.timeZone);
      return policyProposal(services, exchange, {
        proposed: { group: { id: group.id, rule: services.groups.next(group, input) } },
        async apply({ groups }) {
          const outcome = await groups.change(group, input, who.actor);
          return outcome === 'refused' ? NAME_TAKEN : { goTo: pathOf(group), flash: SAID[outcome] };
        },
        back: { href: pathOf(group), text: group.name },
        keep: words.t('group.keep'),
      });
    },
  });
}

/** The form of a group. `back`: the target of the link back and of "Cancel". */
function formPage(t: Translator['t'], title: string, action: string, back: NonNullable<Page['back']>): Page {
  return {
    view: 'admin/group-form',
    title,
    caption: t('menu.administration'),
    back,
    model: { ...RULE_CHOICES, action, cancel: back.href },
  };
}

const SAID = {
  changed: { key: 'group.saved', kind: 'success' },
  unchanged: { key: 'policy.unchanged', kind: 'info' },
} as const;

function inputOf({ name, ...rule }: z.infer<typeof schema>, zone: TimeZone): GroupInput {
  return { name, ...ruleIn(rule, zone) };
}
