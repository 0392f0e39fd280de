import type { Translator } from '../../../kernel/i18n.ts';
import { FIGURE_TABLES, type FigureId, type Slice, shareOf } from '../../../policy/adoption.ts';
import { siteRule } from '../../../settings/settings.ts';
import type { SignedIn } from '../../../web/auth-state.ts';
import type { Handler } from '../../../web/guards.ts';
import type { PageServices } from '../../page-services.ts';
import { chartOf } from './adoption-chart.ts';
import { figureInWords } from './adoption-words.ts';

type AdoptionServices = Pick<PageServices, 'adoption' | 'policyReport' | 'renderer'>;

export const ADOPTION = '/admin/adoption';

/** GET /admin/adoption: the figures for everybody and for each group. */
export function adoptionAtAGlance({ renderer, adoption, policyReport }: AdoptionServices): Handler<SignedIn> {
  return async ({ who, request, response }) => {
    const { words, settings } = who.context;
    const rules = await policyReport.rules(siteRule(settings));
    const { value: slices, kept } = await adoption.summary(rules);
    const nameOf = ({ group }: Slice) => group?.name ?? words.t('adoption.everybody');
    await renderer.show(request, response, {
      view: 'admin/adoption',
      title: words.t('adoption.title'),
      caption: words.t('menu.administration'),
      width: 'wide',
      model: {
        kept:
          kept && words.t('adoption.kept', { from: words.when(kept.from), until: words.when(kept.until) }),
        chart: chartOf(slices, nameOf, words),
        tables: FIGURE_TABLES.map(({ id, figures }) => ({
          id,
          columns: [words.t('adoption.group'), ...figures.map((figure) => figureInWords(figure, words))],
          rows: slices.map((slice) => [
            nameOf(slice),
            ...figures.map((figure) => cellOf(figure, slice, words)),
          ]),
        })),
      },
    });
  };
}

/** The number, with a link to the people, and its share. */
function cellOf(figure: FigureId, slice: Slice, words: Translator) {
  const count = slice.figures[figure];
  const share = shareOf(figure, slice);
  return {
    text: words.number(count),
    ...(count > 0 && { href: listHref(figure, slice.group?.id) }),
    ...(share !== undefined && { hint: words.percent(share) }),
  };
}

function listHref(figure: FigureId, groupId: string | undefined): string {
  return `${ADOPTION}/people?${new URLSearchParams({ figure, ...(groupId !== undefined && { group: groupId }) })}`;
}
