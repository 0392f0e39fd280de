import type { Request } from 'express';
import { accountState } from '../../../accounts/account.ts';
import { exportAdopters, exportAdoption } from '../../../files/adoption-export.ts';
import { EXPORT_FORMATS, MEDIA_TYPES } from '../../../files/formats.ts';
import type { Translator } from '../../../kernel/i18n.ts';
import { type EnrolmentProgress, FIGURE_IDS, type FigureId } from '../../../policy/adoption.ts';
import { type Settings, siteRule } from '../../../settings/settings.ts';
import type { SignedIn } from '../../../web/auth-state.ts';
import { sendDownload } from '../../../web/downloads.ts';
import type { Handler } from '../../../web/guards.ts';
import { NotFound } from '../../../web/http-errors.ts';
import { foundInWords, listPage, PAGE_SIZE } from '../../lists.ts';
import type { PageServices } from '../../page-services.ts';
import { dayOf, formatOf } from '../exports.ts';
import { twoFactorInWords } from '../people/people.ts';
import { ADOPTION } from './adoption.ts';
import { deadlineInColumn, figureInWords } from './adoption-words.ts';

const PATH = `${ADOPTION}/people`;

/** GET /admin/adoption/people?figure=…&group=…: the people that a figure counts. */
export function adoptionPeople(
  services: Pick<PageServices, 'adoption' | 'policyReport' | 'renderer'>,
): Handler<SignedIn> {
  return async ({ who, request, response }) => {
    const { words, settings } = who.context;
    const { figure, group, scope } = await behindOf(services, settings, request);
    const filters = { figure, ...(group && { group: group.id }) };
    const { found, pagination } = await listPage(request, filters, (page) =>
      services.adoption.pageOfPeopleIn(figure, scope, { skip: (page - 1) * PAGE_SIZE, take: PAGE_SIZE }),
    );
    const title = figureInWords(figure, words);
    await services.renderer.show(request, response, {
      view: 'admin/adoption-people',
      title: group ? words.t('adoption.figure-in-group', { figure: title, group: group.name }) : title,
      caption: words.t('menu.administration'),
      width: 'wide',
      back: { href: ADOPTION, text: words.t('adoption.title') },
      model: {
        list: {
          lines: found.people.map((adopter) => lineOf(adopter, words)),
          found: foundInWords(found, 'people', words),
          pagination,
        },
        exports: EXPORT_FORMATS.map((format) => ({
          href: `${PATH}/export?${new URLSearchParams({ ...filters, format })}`,
          text: words.t(`export.${format}`),
        })),
      },
    });
  };
}

/** GET /admin/adoption/people/export?figure=…&group=…&format=…: the same people, as a file. */
export function adoptionPeopleExport(
  services: Pick<PageServices, 'adoption' | 'clock' | 'policyReport'>,
): Handler<SignedIn> {
  return async ({ who, request, response }) => {
    const { settings } = who.context;
    const format = formatOf(request.query['format']);
    const { figure, scope } = await behindOf(services, settings, request);
    const text = exportAdopters(services.adoption.peopleIn(figure, scope), format);
    const fileName = `adoption-people-${dayOf(services.clock())}.${format}`;
    await sendDownload(request, response, { fileName, mediaType: MEDIA_TYPES[format], text });
  };
}

/** GET /admin/adoption/export?format=…: the figures, as a file. */
export function adoptionExport({
  adoption,
  policyReport,
  clock,
}: Pick<PageServices, 'adoption' | 'clock' | 'policyReport'>): Handler<SignedIn> {
  return async ({ who, request, response }) => {
    const { settings } = who.context;
    const format = formatOf(request.query['format']);
    const slices = async function* () {
      yield* await adoption.slices(await policyReport.rules(siteRule(settings)));
    };
    const fileName = `adoption-${dayOf(clock())}.${format}`;
    const text = exportAdoption(slices(), format);
    await sendDownload(request, response, { fileName, mediaType: MEDIA_TYPES[format], text });
  };
}

/** The figure and the group of the query; without a figure, all people who can sign in. Throws NotFound. */
async function behindOf(
  { policyReport }: Pick<PageServices, 'policyReport'>,
  settings: Settings,
  { query }: Request,
) {
  const figure = FIGURE_IDS.find((id): id is FigureId => id === (query['figure'] ?? FIGURE_IDS[0]));
  const rules = await policyReport.rules(siteRule(settings));
  const group = rules.groups.find(({ id }) => id === query['group']);
  if (!figure || (query['group'] !== undefined && !group)) throw new NotFound();
  return { figure, group, scope: { rules, groupId: group?.id } };
}

function lineOf({ account, authenticators, hasCodes, due, policy }: EnrolmentProgress, words: Translator) {
  const state = accountState(account);
  return [
    { text: account.name, href: `/admin/people/${account.id}` },
    account.email,
    { text: words.t(`account-state.${state}`), ...(state !== 'active' && { badge: 'plain' }) },
    {
      text: twoFactorInWords(authenticators, words),
      ...(hasCodes && { hint: words.t('adoption.figure.with-codes') }),
    },
    due && policy.deadline ? deadlineInColumn(policy.deadline, words) : words.t('adoption.nothing-due'),
    account.lastSignInAt === null ? words.t('people.never') : words.when(account.lastSignInAt),
  ];
}
