import type { Request } from 'express';
import type { Group } from '../../accounts/group.ts';
import type { LaidDownRule } from '../../two-factor/personal-policy.ts';
import type { Handler } from '../../web/guards.ts';
import { NotFound } from '../../web/refusals.ts';
import type { Person } from '../../web/standing.ts';
import type { Translator } from '../../words.ts';
import type { PageServices } from '../page-services.ts';

export const GROUPS = '/admin/groups';

/** GET /admin/groups */
export function listGroups({ renderer, groups }: PageServices): Handler<Person> {
  return async ({ visit }, request, response) => {
    const { words } = visit;
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
      facts: { lines },
    });
  };
}

/** The group in the URL. */
export async function groupOf({ groups }: PageServices, request: Request): Promise<Group> {
  const group = await groups.find(String(request.params['id']));
  if (!group) throw new NotFound();
  return group;
}

export function pathOf({ id }: Pick<Group, 'id'>): string {
  return `${GROUPS}/${id}`;
}

/** The methods of a rule that asks for any. */
export function methodsInWords({ rule, methods }: LaidDownRule, words: Translator): string {
  if (rule === 'off') return NONE;
  const named = methods.map((id) => words.t(`method.${id}.title`));
  return new Intl.ListFormat(words.locale, { type: 'unit' }).format(named);
}

/** For how long a mandatory rule may be put off. */
export function graceInWords({ rule, grace }: LaidDownRule, words: Translator): string {
  if (rule !== 'mandatory') return NONE;
  if (grace.kind === 'until') return words.t('grace.until-date', { time: words.when(grace.at) });
  return grace.kind === 'days'
    ? words.t('grace.for-days', { count: grace.days })
    : words.t('grace.kind.none');
}

/** Text browsers close up empty cells. */
const NONE = '–';
