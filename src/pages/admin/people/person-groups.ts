import { z } from 'zod';
import type { Group } from '../../../policy/group.ts';
import { addConfirmPage } from '../../../web/confirm-page.ts';
import { tick } from '../../../web/forms.ts';
import type { AddPage } from '../../../web/routes.ts';
import type { PageServices } from '../../page-services.ts';
import { GROUPS } from '../groups/groups.ts';
import { ifInGroups, policyProposal } from '../policy/policy-preview.ts';
import { backToPerson, knownPerson } from './known-person.ts';

type PersonGroupsServices = Pick<
  PageServices,
  'groups' | 'guards' | 'policyImpact' | 'renderer' | 'snapshots'
>;

/** A field per group: kept values are text, so a list in one field would be lost during a step-up. */
const fieldOf = ({ id }: Pick<Group, 'id'>) => `group-${id}`;
const isGroupField = (name: string) => /^group-[\w-]{1,40}$/.test(name);

/** /admin/people/:id/groups, and …/confirm: a box for each group, ticked if the person is a member. */
export function personGroupsPage(addPage: AddPage, services: PersonGroupsServices): void {
  addConfirmPage(addPage, services, {
    path: '/admin/people/:id/groups',
    guard: services.guards.steppedUpAdministrator,
    load: async ({ request }) => ({
      known: await knownPerson(services, request.params['id']),
      all: await services.groups.list(),
    }),
    schema: ({ all }) => z.object(Object.fromEntries(all.map((group) => [fieldOf(group), tick()]))),
    keeps: isGroupField,
    values: ({ subject: { known } }) =>
      Object.fromEntries(known.memberships.map(({ group }) => [fieldOf(group), 'on'])),
    view({ who: { context }, subject: { known, all } }) {
      const { t } = context.words;
      const back = backToPerson(known);
      return {
        view: 'admin/person-groups',
        title: t('person-groups.title', { name: known.account.name }),
        caption: t('menu.administration'),
        back,
        model: {
          path: back.href,
          groups: all.map((group) => ({
            field: fieldOf(group),
            name: group.name,
            rule: t(`group.rule.${group.rule}`),
          })),
          groupsHref: GROUPS,
        },
      };
    },
    // An error of one box is shown at the group of boxes.
    placeErrors: (errors) => errors.slice(0, 1).map((error) => ({ ...error, field: 'groups' })),
    async propose(ticks, exchange) {
      const { who, subject } = exchange;
      const { known, all } = subject;
      const { account } = known;
      const ticked = all.filter((group) => ticks[fieldOf(group)] !== undefined);
      const present = known.memberships.map(({ group }) => group);
      const [joined, left] = [without(ticked, present), without(present, ticked)];
      return policyProposal(services, exchange, {
        proposed: ifInGroups(known, { joined, left }, who.context.now),
        async apply({ groups }) {
          let changes = 0;
          for (const group of joined) if (await groups.add(group, account, who.actor)) changes += 1;
          for (const group of left) if (await groups.drop(group, account, who.actor)) changes += 1;
          return {
            goTo: backToPerson(known).href,
            flash:
              changes > 0
                ? { key: 'person-groups.saved', kind: 'success', values: { name: account.name } }
                : { key: 'policy.unchanged', kind: 'info' },
          };
        },
        back: backToPerson(known),
        keep: who.context.words.t('person-groups.keep'),
      });
    },
  });
}

function without(groups: readonly Group[], others: readonly Group[]): readonly Group[] {
  return groups.filter(({ id }) => others.every((other) => other.id !== id));
}
