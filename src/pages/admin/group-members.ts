import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Account } from '../../accounts/account.ts';
import type { Group } from '../../accounts/group.ts';
import type { PersonFacts } from '../../accounts/standings.ts';
import {
  EMPTY_FORM,
  emailAddress,
  type FieldFault,
  formView,
  optionalLine,
  parseForm,
  parseValues,
} from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import { NotFound } from '../../web/refusals.ts';
import { forgetLeftovers, leaveNotice, readKeptForm } from '../../web/session.ts';
import type { Person } from '../../web/standing.ts';
import type { MessageKey } from '../../words.ts';
import { foundInWords, listPage, PAGE_SIZE } from '../lists.ts';
import type { PageServices } from '../page-services.ts';
import { GROUPS, graceInWords, groupOf, methodsInWords, pathOf } from './groups.ts';
import { knownPerson } from './known-person.ts';
import { LONGEST_SEARCH, twoFactorInWords } from './people.ts';
import {
  effectOf,
  ifAsShown,
  ifInGroups,
  leadToPreview,
  type PlannedChange,
  showPreview,
  staleness,
} from './policy-preview.ts';

const searchSchema = z.object({ search: optionalLine(LONGEST_SEARCH) });
const addSchema = z.object({ email: emailAddress('invite.email-missing') });

type Typed = Readonly<Record<string, string>>;

/** GET /admin/groups/:id: its rule, and who is in it. */
export function showGroup(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const group = await groupOf(services, request);
    const form = parseValues(searchSchema, request.query);
    const typed = { ...form.typed, ...readKeptForm(request, request.path) };
    const search = form.ok ? form.values.search : '';
    await showPage(services, person, group, request, response, {
      typed,
      faults: form.ok ? [] : form.faults,
      search,
    });
  };
}

/** POST /admin/groups/:id/members: takes somebody in, unless that asks them to enrol: then it is said first. */
export function addMember(services: PageServices): Handler<Person> {
  return onNewcomer(services, async (person, group, account, request, response) => {
    const change = await joining(services, person, group, account);
    if (await leadToPreview(services, person, change, request, response)) return 'answered';
    const isDone = await services.groups.add(group, account, person.actor);
    return welcome(services, group, account, isDone, request, response);
  });
}

/** GET /admin/groups/:id/members/confirm: what it does to whoever is to be taken in. */
export function confirmMember(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const group = await groupOf(services, request);
    const form = parseValues(addSchema, readKeptForm(request, confirmPath(group)));
    const account = form.ok ? await services.accounts.findByEmail(form.values.email) : undefined;
    if (!account) return response.redirect(303, pathOf(group));
    const change = await joining(services, person, group, account);
    await showPreview(services, person, change, request, response);
  };
}

/** POST /admin/groups/:id/members/confirm: takes them in, unless somebody has decided something else in between. */
export function addConfirmedMember(services: PageServices): Handler<Person> {
  return onNewcomer(services, async (person, group, account, request, response) => {
    const { whatIf } = await joining(services, person, group, account);
    const decision = await ifAsShown(services, whatIf, request, () =>
      services.groups.add(group, account, person.actor),
    );
    if (decision.kind === 'written') {
      return welcome(services, group, account, decision.outcome, request, response);
    }
    // Another may have taken them in.
    const present = await joining(services, person, group, account);
    if (present.isMember) return 'member already';
    await showPreview(services, person, present, request, response);
    return 'answered';
  });
}

/** Runs the handler for the person whose address was sent; what it cannot do is said at the field. */
function onNewcomer(
  services: PageServices,
  handle: (
    person: Person,
    group: Group,
    account: Account,
    request: Request,
    response: Response,
  ) => Promise<'answered' | 'member already'>,
): Handler<Person> {
  return async (person, request, response) => {
    const group = await groupOf(services, request);
    const form = parseForm(addSchema, request);
    const refuse = (typed: Typed, faults: readonly FieldFault[]) =>
      showPage(services, person, group, request, response, { typed, faults, search: '' });
    if (!form.ok) return refuse(form.typed, form.faults);
    const { email } = form.values;
    const account = await services.accounts.findByEmail(email);
    if (!account) return refuse(form.typed, [{ field: 'email', key: 'group.nobody', values: { email } }]);
    const already: FieldFault = { field: 'email', key: 'group.member-already', values: { email } };
    const isMember = (await services.groups.of(account)).some(({ id }) => id === group.id);
    if (isMember) return refuse(form.typed, [already]);
    const outcome = await handle(person, group, account, request, response);
    if (outcome === 'member already') await refuse(form.typed, [already]);
  };
}

async function joining(
  services: PageServices,
  { visit: { words } }: Person,
  group: Group,
  account: Account,
): Promise<PlannedChange & { readonly isMember: boolean }> {
  const known = await knownPerson(services, account.id);
  return {
    isMember: known.memberships.some((one) => one.group.id === group.id),
    whatIf: ifInGroups(services, known, { joined: [group], left: [] }),
    path: confirmPath(group),
    typed: { email: account.email },
    back: { href: pathOf(group), text: group.name },
    keep: words.t('group.keep'),
  };
}

function confirmPath(group: Group): string {
  return `${pathOf(group)}/members/confirm`;
}

function welcome(
  { clock }: PageServices,
  group: Group,
  account: Account,
  isDone: boolean,
  request: Request,
  response: Response,
): 'answered' | 'member already' {
  if (!isDone) return 'member already';
  forgetLeftovers(request);
  const values = { name: account.name };
  leaveNotice(request, { path: pathOf(group), key: 'group.added', kind: 'success', values, at: clock() });
  response.redirect(303, pathOf(group));
  return 'answered';
}

/** GET …/members/:memberId/remove: what it does to them, asked once more. */
export function askToDropMember(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const known = await knownPerson(services, request.params['memberId']);
    const group = groupIn(known, request);
    if (!group) throw new NotFound();
    await showDropping(services, person, { known, group }, request, response);
  };
}

async function showDropping(
  services: PageServices,
  person: Person,
  { group, known }: GroupAndPerson,
  request: Request,
  response: Response,
): Promise<void> {
  const { words } = person.visit;
  const { account } = known;
  const whatIf = ifInGroups(services, known, { joined: [], left: [group] });
  await services.renderer.show(request, response, {
    view: 'admin/confirmation',
    title: words.t('group.remove-member-title', { name: account.name, group: group.name }),
    caption: words.t('menu.administration'),
    back: { href: pathOf(group), text: group.name },
    form: EMPTY_FORM,
    ...staleness(request, words),
    facts: {
      text: words.t('group.remove-member-text', { email: account.email }),
      effect: await effectOf(services, person, whatIf, request),
      action: `${pathOf(group)}/members/${account.id}/remove`,
      button: words.t('group.remove-member-button'),
      cancel: pathOf(group),
    },
  });
}

/** POST …/members/:memberId/remove */
export function dropMember(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const group = await groupOf(services, request);
    const known = await knownPerson(services, request.params['memberId']);
    const { account } = known;
    const whatIf = ifInGroups(services, known, { joined: [], left: [group] });
    const decision = await ifAsShown(services, whatIf, request, () =>
      services.groups.drop(group, account, person.actor),
    );
    if (decision.kind === 'stale') {
      const present = await knownPerson(services, account.id);
      const shown = { group, known: present };
      if (groupIn(present, request)) return showDropping(services, person, shown, request, response);
    }
    const isDone = decision.kind === 'written' && decision.outcome;
    forgetLeftovers(request);
    const path = pathOf(group);
    const key: MessageKey = isDone ? 'group.removed-member' : 'group.not-a-member';
    const values = { name: account.name };
    leaveNotice(request, { path, key, kind: isDone ? 'success' : 'warning', values, at: services.clock() });
    response.redirect(303, path);
  };
}

interface GroupAndPerson {
  readonly group: Group;
  readonly known: PersonFacts;
}

/** The group in the URL, where the person is in it. */
function groupIn({ memberships }: PersonFacts, request: Request): Group | undefined {
  return memberships.find(({ group }) => group.id === request.params['id'])?.group;
}

interface Shown {
  readonly typed: Typed;
  readonly faults: readonly FieldFault[];
  readonly search: string;
}

async function showPage(
  services: PageServices,
  { visit: { words } }: Person,
  group: Group,
  request: Request,
  response: Response,
  { typed, faults, search }: Shown,
): Promise<void> {
  const { people, renderer } = services;
  const path = pathOf(group);
  const { found, pagination } = await listPage(request, { search }, (page) =>
    people.search({ search, groupId: group.id, page, pageSize: PAGE_SIZE }),
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
  await renderer.show(request, response, {
    view: 'admin/group',
    title: group.name,
    caption: words.t('menu.administration'),
    width: 'wide',
    back: { href: GROUPS, text: words.t('groups.title') },
    form: formView(typed, faults, words),
    facts: {
      path,
      rule: [
        { label: words.t('policy.two-factor'), value: words.t(`group.rule.${group.rule}`) },
        { label: words.t('policy.methods'), value: methodsInWords(group, words) },
        { label: words.t('grace.legend'), value: graceInWords(group, words) },
      ],
      list: { lines, found: foundInWords(found, 'people', words), search, pagination },
    },
  });
}
