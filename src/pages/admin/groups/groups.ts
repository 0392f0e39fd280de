import type { Request } from 'express';
import type { Translator } from '../../../kernel/i18n.ts';
import type { Group } from '../../../policy/group.ts';
import type { PolicyRule } from '../../../settings/rule.ts';
import { NotFound } from '../../../web/http-errors.ts';
import type { AddPage } from '../../../web/routes.ts';
import { NO_VALUE } from '../../lists.ts';
import type { PageServices } from '../../page-services.ts';

type GroupListServices = Pick<PageServices, 'groups' | 'guards' | 'renderer'>;

export const GROUPS = '/admin/groups';

/** /admin/groups: every group with its rule and size. */
export function groupListPage(addPage: AddPage, { guards, renderer, groups }: GroupListServices): void {
  addPage(GROUPS, {
    get: guards.administrator(async ({ who: { context }, request, response }) => {
      const { words } = context;
      const lines = (await groups.all()).map((group) => [
        { text: group.name, href: pathOf(group) },
        words.t(`group.rule.${group.rule}`),
        methodsInWords(group, words),
        graceInWords(group, words),
        words.number(group.members),
      ]);
      await renderer.show(request, response, {
        view: 'admin/groups',
        title: words.t('groups.title'),
        caption: words.t('menu.administration'),
        width: 'wide',
        model: { lines },
      });
    }),
  });
}

/** The group in the URL; throws NotFound. */
export async function groupOf({ groups }: Pick<PageServices, 'groups'>, request: Request): Promise<Group> {
  const group = await groups.find(String(request.params['id']));
  if (!group) throw new NotFound();
  return group;
}

export function pathOf({ id }: Pick<Group, 'id'>): string {
  return `${GROUPS}/${id}`;
}

/** The methods of a rule; "–" if the rule is off. */
export function methodsInWords({ rule, methods }: PolicyRule, words: Translator): string {
  if (rule === 'off') return NO_VALUE;
  const named = methods.map((id) => words.t(`method.${id}.title`));
  return new Intl.ListFormat(words.locale, { type: 'unit' }).format(named);
}

/** The grace period of a mandatory rule; "–" for the others. */
export function graceInWords({ rule, grace }: PolicyRule, words: Translator): string {
  if (rule !== 'mandatory') return NO_VALUE;
  if (grace.kind === 'until') return words.t('grace.until-date', { time: words.when(grace.at) });
  return grace.kind === 'days'
    ? words.t('grace.for-days', { count: grace.days })
    : words.t('grace.kind.none');
}
