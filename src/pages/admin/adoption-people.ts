import type { Request } from 'express';
import { accountState } from '../../accounts/account.ts';
import { exportAdopters, exportAdoption } from '../../files/adoption-export.ts';
import { EXPORT_FORMATS, MEDIA_TYPES } from '../../files/formats.ts';
import { type Settings, siteRule } from '../../settings/settings.ts';
import { type Adopter, FIGURE_IDS, type FigureId } from '../../two-factor/adoption.ts';
import { sendDownload } from '../../web/downloads.ts';
import type { Handler } from '../../web/guards.ts';
import { NotFound } from '../../web/refusals.ts';
import type { Person } from '../../web/standing.ts';
import type { Translator } from '../../words.ts';
import { foundInWords, listPage, PAGE_SIZE } from '../lists.ts';
import type { PageServices } from '../page-services.ts';
import { ADOPTION } from './adoption.ts';
import { deadlineInColumn, figureInWords } from './adoption-words.ts';
import { dayOf, formatOf } from './exports.ts';
import { twoFactorInWords } from './people.ts';

const PATH = `${ADOPTION}/people`;

/** GET /admin/adoption/people?figure=…&group=…: those whom a figure counts. */
export function adoptionPeople(services: PageServices): Handler<Person> {
  return async ({ visit: { words, settings } }, request, response) => {
    const { figure, group, scope } = await behindOf(services, settings, request);
    const filters = { figure, ...(group && { group: group.id }) };
    const { found, pagination } = await listPage(request, filters, (page) =>
      services.adoption.pageBehind(figure, scope, { skip: (page - 1) * PAGE_SIZE, take: PAGE_SIZE }),
    );
    const title = figureInWords(figure, words);
    await services.renderer.show(request, response, {
      view: 'admin/adoption-people',
      title: group ? words.t('adoption.figure-in-group', { figure: title, group: group.name }) : title,
      caption: words.t('menu.administration'),
      width: 'wide',
      back: { href: ADOPTION, text: words.t('adoption.title') },
      facts: {
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
export function adoptionPeopleExport(services: PageServices): Handler<Person> {
  return async ({ visit: { settings } }, request, response) => {
    const format = formatOf(request.query['format']);
    const { figure, scope } = await behindOf(services, settings, request);
    const text = exportAdopters(services.adoption.behind(figure, scope), format);
    const fileName = `adoption-people-${dayOf(services.clock())}.${format}`;
    await sendDownload(request, response, { fileName, mediaType: MEDIA_TYPES[format], text });
  };
}

/** GET /admin/adoption/export?format=…: the figures, as a file. */
export function adoptionExport({ adoption, census, clock }: PageServices): Handler<Person> {
  return async ({ visit: { settings } }, request, response) => {
    const format = formatOf(request.query['format']);
    const slices = async function* () {
      yield* await adoption.slices(await census.rules(siteRule(settings)));
    };
    const fileName = `adoption-${dayOf(clock())}.${format}`;
    const text = exportAdoption(slices(), format);
    await sendDownload(request, response, { fileName, mediaType: MEDIA_TYPES[format], text });
  };
}

/** The figure and the group that the query names; whoever names neither sees all who can sign in. */
async function behindOf({ census }: PageServices, settings: Settings, { query }: Request) {
  const figure = FIGURE_IDS.find((id): id is FigureId => id === (query['figure'] ?? FIGURE_IDS[0]));
  const rules = await census.rules(siteRule(settings));
  const group = rules.groups.find(({ id }) => id === query['group']);
  if (!figure || (query['group'] !== undefined && !group)) throw new NotFound();
  return { figure, group, scope: { rules, groupId: group?.id } };
}

function lineOf({ account, authenticators, hasCodes, due, policy }: Adopter, words: Translator) {
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
