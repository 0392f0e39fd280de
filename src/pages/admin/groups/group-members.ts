import { z } from 'zod';
import type { Group } from '../../../policy/group.ts';
import type { SignedIn } from '../../../web/auth-state.ts';
import { addConfirmPage, addQuestionPage } from '../../../web/confirm-page.ts';
import { flash, readFlashedForm } from '../../../web/flash.ts';
import { type FieldError, formView, knownEmail, optionalLine, parseValues } from '../../../web/forms.ts';
import type { Exchange } from '../../../web/guards.ts';
import { NotFound } from '../../../web/http-errors.ts';
import { redirectTo } from '../../../web/redirects.ts';
import type { Page } from '../../../web/rendering.ts';
import type { AddPage } from '../../../web/routes.ts';
import { foundInWords, listPage, PAGE_SIZE } from '../../lists.ts';
import type { PageServices } from '../../page-services.ts';
import { knownPerson } from '../people/known-person.ts';
import { LONGEST_SEARCH, twoFactorInWords } from '../people/people.ts';
import { ifInGroups, policyProposal } from '../policy/policy-preview.ts';
import { GROUPS, graceInWords, groupOf, methodsInWords, pathOf } from './groups.ts';

type MemberServices = Pick<
  PageServices,
  'accounts' | 'groups' | 'guards' | 'people' | 'policyImpact' | 'renderer' | 'snapshots'
>;

const searchSchema = z.object({ search: optionalLine(LONGEST_SEARCH) });

/** A group with its members: the list, adding a member, removing one. */
export function groupMemberPages(addPage: AddPage, services: MemberServices): void {
  groupPage(addPage, services);
  additionPage(addPage, services);
  removalPage(addPage, services);
}

/** /admin/groups/:id: its rule, its members, and the form to add one. */
function groupPage(addPage: AddPage, services: MemberServices): void {
  addPage(`${GROUPS}/:id`, {
    get: services.guards.administrator(async (exchange) => {
      const { who, request, response } = exchange;
      const search = parseValues(searchSchema, request.query);
      const typed = { ...search.typed, ...readFlashedForm(request, request.path) };
      const form = formView(typed, search.ok ? [] : search.errors, who.context.words);
      const page = await viewOfGroup(services, exchange, await groupOf(services, request));
      await services.renderer.show(request, response, { ...page, form });
    }),
  });
}

/** POST …/members: adds the person with this address; shows a preview first if they would have to enrol. */
function additionPage(addPage: AddPage, services: MemberServices): void {
  addConfirmPage(addPage, services, {
    path: `${GROUPS}/:id/members`,
    formPath: ({ params }) => `${GROUPS}/${params['id']}`,
    postOnly: true,
    guard: services.guards.steppedUpAdministrator,
    schema: z.object({ email: knownEmail('invite.email-missing') }),
    load: ({ request }) => groupOf(services, request),
    view: (exchange) => viewOfGroup(services, exchange, exchange.subject),
    async propose({ email }, exchange) {
      const { who, subject: group } = exchange;
      const refuse = (key: FieldError['key']) => ({ errors: [{ field: 'email', key, values: { email } }] });
      const account = await services.accounts.findByEmail(email);
      if (!account) return refuse('group.nobody');
      const known = await knownPerson(services, account.id);
      if (known.memberships.some((one) => one.group.id === group.id)) return refuse('group.member-already');
      const { name } = account;
      return policyProposal(services, exchange, {
        proposed: ifInGroups(known, { joined: [group], left: [] }, who.context.now),
        async apply({ groups }) {
          if (!(await groups.add(group, account, who.actor))) return refuse('group.member-already');
          return { goTo: pathOf(group), flash: { key: 'group.added', kind: 'success', values: { name } } };
        },
        back: { href: pathOf(group), text: group.name },
        keep: who.context.words.t('group.keep'),
      });
    },
  });
}

/** …/members/:memberId/remove */
function removalPage(addPage: AddPage, services: MemberServices): void {
  addQuestionPage(addPage, services, {
    path: `${GROUPS}/:id/members/:memberId/remove`,
    guard: services.guards.steppedUpAdministrator,
    async load({ request, response }) {
      const known = await knownPerson(services, request.params['memberId']);
      const joined = known.memberships.find((one) => one.group.id === request.params['id']);
      if (joined) return { group: joined.group, known };
      // Another administrator has removed the member or the group since the question was shown.
      if (request.method !== 'POST') throw new NotFound();
      const group = await groupOf(services, request);
      const values = { name: known.account.name };
      const notice = { key: 'group.not-a-member', kind: 'warning', values } as const;
      flash(request, { path: pathOf(group), ...notice });
      await redirectTo(response, pathOf(group));
      return undefined;
    },
    async propose(exchange) {
      const { group, known } = exchange.subject;
      const { account } = known;
      const { actor, context } = exchange.who;
      const { t } = context.words;
      return policyProposal(services, exchange, {
        proposed: ifInGroups(known, { joined: [], left: [group] }, context.now),
        async apply({ groups }) {
          await groups.drop(group, account, actor);
          const values = { name: account.name };
          return { goTo: pathOf(group), flash: { key: 'group.removed-member', kind: 'success', values } };
        },
        back: { href: pathOf(group), text: group.name },
        question: {
          title: t('group.remove-member-title', { name: account.name, group: group.name }),
          text: t('group.remove-member-text', { email: account.email }),
          button: { text: t('group.remove-member-button'), kind: 'danger' },
        },
      });
    },
  });
}

async function viewOfGroup(
  services: Pick<PageServices, 'people'>,
  { who: { context }, request }: Exchange<SignedIn>,
  group: Group,
): Promise<Page> {
  const { words } = context;
  const path = pathOf(group);
  const form = parseValues(searchSchema, request.query);
  const search = form.ok ? form.values.search : '';
  const { found, pagination } = await listPage(request, { search }, (page) =>
    services.people.search({ search, groupId: group.id, page, pageSize: PAGE_SIZE }),
  );
  const lines = found.people.map(({ account, authenticators }) => [
    { text: account.name, href: `/admin/people/${account.id}` },
    account.email,
    twoFactorInWords(authenticators, words),
    {
      text: words.t('group.remove-member', { name: account.name }),
      href: `${path}/members/${account.id}/remove`,
    },
  ]);
  return {
    view: 'admin/group',
    title: group.name,
    caption: words.t('menu.administration'),
    width: 'wide',
    back: { href: GROUPS, text: words.t('groups.title') },
    model: {
      path,
      rule: [
        { label: words.t('policy.two-factor'), value: words.t(`group.rule.${group.rule}`) },
        { label: words.t('policy.methods'), value: methodsInWords(group, words) },
        { label: words.t('grace.legend'), value: graceInWords(group, words) },
      ],
      list: { lines, found: foundInWords(found, 'people', words), search, pagination },
    },
  };
}
