import { z } from 'zod';
import { accountState } from '../../../accounts/account.ts';
import type { ListedPerson } from '../../../administration/people.ts';
import type { Translator } from '../../../kernel/i18n.ts';
import { METHOD_IDS } from '../../../settings/method-ids.ts';
import type { OfMethod } from '../../../two-factor/authenticator.ts';
import type { SignedIn } from '../../../web/auth-state.ts';
import { formView, optionalLine, parseValues } from '../../../web/forms.ts';
import type { Handler } from '../../../web/guards.ts';
import type { AddPage } from '../../../web/routes.ts';
import { foundInWords, listPage, PAGE_SIZE } from '../../lists.ts';
import type { PageServices } from '../../page-services.ts';
import { listOf } from './person-policy.ts';

type PeopleServices = Pick<PageServices, 'groups' | 'guards' | 'people' | 'renderer'>;

export const LONGEST_SEARCH = 200;
const LONGEST_ID = 26;

const schema = z.object({ search: optionalLine(LONGEST_SEARCH), group: optionalLine(LONGEST_ID) });

/** /admin/people: the list, with a search and a filter by group. */
export function peoplePage(addPage: AddPage, services: PeopleServices): void {
  addPage('/admin/people', { get: services.guards.administrator(showPeople(services)) });
}

function showPeople({
  renderer,
  people: lists,
  groups,
}: Pick<PageServices, 'groups' | 'people' | 'renderer'>): Handler<SignedIn> {
  return async ({ who: { context }, request, response }) => {
    const { words } = context;
    const form = parseValues(schema, request.query);
    const page = {
      view: 'admin/people',
      title: words.t('people.title'),
      caption: words.t('menu.administration'),
      width: 'wide',
    } as const;
    const offered = [
      { value: '', label: words.t('people.every-group') },
      ...(await groups.list()).map(({ id, name }) => ({ value: id, label: name })),
    ];
    if (!form.ok) {
      const shown = formView(form.typed, form.errors, words);
      const facts = { groups: offered, list: undefined };
      return renderer.show(request, response, { ...page, form: shown, model: facts });
    }
    const { search, group } = form.values;
    const { found, pagination } = await listPage(request, { search, group }, (number) =>
      lists.search({ search, ...(group && { groupId: group }), page: number, pageSize: PAGE_SIZE }),
    );
    const list = {
      lines: found.people.map((one) => lineOf(one, words)),
      ...{ search, pagination },
      found: foundInWords(found, 'people', words),
      isNarrowed: search !== '' || group !== '',
    };
    await renderer.show(request, response, {
      ...page,
      form: formView({ search, group }, [], words),
      model: { groups: offered, list },
    });
  };
}

function lineOf({ account, groups, authenticators }: ListedPerson, words: Translator) {
  const state = accountState(account);
  return [
    { text: account.name, href: `/admin/people/${account.id}` },
    account.email,
    { text: words.t(`role.${account.role}`), ...(groups.length > 0 && { hint: listOf(groups, words) }) },
    { text: words.t(`account-state.${state}`), ...(state !== 'active' && { badge: 'plain' }) },
    twoFactorInWords(authenticators, words),
    account.lastSignInAt === null ? words.t('people.never') : words.when(account.lastSignInAt),
  ];
}

/** "None", or the methods, with a number above one: "Authentication App (2), Email Authentication". */
export function twoFactorInWords(authenticators: readonly OfMethod[], words: Translator): string {
  if (authenticators.length === 0) return words.t('people.no-two-factor');
  const counted = METHOD_IDS.map((id) => ({
    method: words.t(`method.${id}.title`),
    count: authenticators.filter(({ method }) => method === id).length,
  }));
  const named = counted
    .filter(({ count }) => count > 0)
    .map(({ method, count }) => (count === 1 ? method : `${method} (${words.number(count)})`));
  return new Intl.ListFormat(words.locale, { type: 'unit' }).format(named);
}
