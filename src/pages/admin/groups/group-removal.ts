import { addQuestionPage } from '../../../web/confirm-page.ts';
import { NotFound } from '../../../web/http-errors.ts';
import type { AddPage } from '../../../web/routes.ts';
import type { PageServices } from '../../page-services.ts';
import { policyProposal } from '../policy/policy-preview.ts';
import { GROUPS, pathOf } from './groups.ts';

type GroupRemovalServices = Pick<PageServices, 'apps' | 'groups' | 'guards' | 'policyImpact' | 'renderer'>;

/** /admin/groups/:id/delete: deletes a group with its rule. */
export function groupRemovalPage(addPage: AddPage, services: GroupRemovalServices): void {
  addQuestionPage(addPage, services, {
    path: `${GROUPS}/:id/delete`,
    guard: services.guards.steppedUpAdministrator,
    async load({ request }) {
      const groups = await services.groups.all();
      const group = groups.find(({ id }) => id === request.params['id']);
      if (!group) throw new NotFound();
      const apps = (await services.apps.all()).filter(({ audience }) => audience.includes(group.id));
      return { group, groups, apps };
    },
    async propose(exchange) {
      const { group, groups, apps } = exchange.subject;
      const { name, members } = group;
      const { actor, context } = exchange.who;
      const { t, locale } = context.words;
      const named = new Intl.ListFormat(locale, { type: 'conjunction' }).format(apps.map((app) => app.name));
      return policyProposal(services, exchange, {
        proposed: { group: { id: group.id, rule: undefined } },
        groups,
        async apply({ groups }) {
          await groups.remove(group, actor);
          return { goTo: GROUPS, flash: { key: 'group.deleted', kind: 'success', values: { name } } };
        },
        back: { href: pathOf(group), text: name },
        question: {
          title: t('group.delete-title', { name }),
          width: 'wide',
          text: t('group.delete-text', { count: members }),
          ...(apps.length > 0 && { warning: t('group.delete-apps', { apps: named }) }),
          button: { text: t('group.delete'), kind: 'danger' },
        },
      });
    },
  });
}
