import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Account } from '../../accounts/account.ts';
import type { Group } from '../../accounts/group.ts';
import type { PersonFacts } from '../../accounts/standings.ts';
import { type FormView, formView, parseForm, parseValues, tick } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import { forgetLeftovers, leaveNotice, readKeptForm } from '../../web/session.ts';
import type { Person } from '../../web/standing.ts';
import { visitOf } from '../../web/visit.ts';
import type { PageServices } from '../page-services.ts';
import { GROUPS } from './groups.ts';
import { knownPerson } from './known-person.ts';
import { ifInGroups, isAsShown, leadToPreview, type PlannedChange, showPreview } from './policy-preview.ts';

/** Each group is a field of its own: a list in one field would not survive being kept during a step-up. */
const fieldOf = ({ id }: Pick<Group, 'id'>) => `group-${id}`;

/** GET /admin/people/:id/groups: every group, those ticked that the person is in. */
export function groupsOfPerson(services: PageServices): Handler<Person> {
  return async ({ visit: { words } }, request, response) => {
    const { account, memberships } = await knownPerson(services, request.params['id']);
    const theirs = Object.fromEntries(memberships.map(({ group }) => [fieldOf(group), 'on']));
    const kept = readKeptForm(request, request.path);
    const typed = Object.keys(kept).length > 0 ? kept : theirs;
    await showForm(
      services,
      account,
      await services.groups.list(),
      formView(typed, [], words),
      request,
      response,
    );
  };
}

async function showForm(
  { renderer }: PageServices,
  account: Account,
  all: readonly Group[],
  form: FormView,
  request: Request,
  response: Response,
): Promise<void> {
  const { words } = visitOf(request);
  const path = `/admin/people/${account.id}`;
  await renderer.show(request, response, {
    view: 'admin/person-groups',
    title: words.t('person-groups.title', { name: account.name }),
    caption: words.t('menu.administration'),
    back: { href: path, text: account.name },
    form,
    facts: {
      path,
      groups: all.map((group) => ({
        field: fieldOf(group),
        name: group.name,
        rule: words.t(`group.rule.${group.rule}`),
      })),
      groupsHref: GROUPS,
    },
  });
}

/** POST /admin/people/:id/groups: into those that are ticked, out of the others; what it does to them is said first. */
export function submitGroupsOfPerson(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const known = await knownPerson(services, request.params['id']);
    const wish = await sentWish(services, known, request, response);
    if (!wish) return;
    const change = planned(services, person, known, wish);
    if (await leadToPreview(services, person, change, request, response)) return;
    await save(services, person, known.account, wish, request, response);
  };
}

/** GET /admin/people/:id/groups/confirm: what the groups that were just sent do to the person. */
export function confirmGroupsOfPerson(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const known = await knownPerson(services, request.params['id']);
    const { account } = known;
    const kept = readKeptForm(request, confirmPath(account));
    const all = await services.groups.list();
    const form = parseValues(schemaOf(all), kept);
    if (Object.keys(kept).length === 0 || !form.ok) return response.redirect(303, groupsPath(account));
    const wish = wishOf(known, all, form.values);
    const change = planned(services, person, known, wish);
    await showPreview(services, person, change, request, response);
  };
}

/** POST /admin/people/:id/groups/confirm: saves, unless somebody has decided something else in between. */
export function submitConfirmedGroupsOfPerson(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const known = await knownPerson(services, request.params['id']);
    const wish = await sentWish(services, known, request, response);
    if (!wish) return;
    const change = planned(services, person, known, wish);
    if (!(await isAsShown(services, person, change.whatIf, request))) {
      return showPreview(services, person, change, request, response);
    }
    await save(services, person, known.account, wish, request, response);
  };
}

/** Which groups the person is to be in, and what that changes. */
interface Wish {
  readonly groups: readonly Group[];
  readonly joined: readonly Group[];
  readonly left: readonly Group[];
}

/** What was sent; undefined once the form is shown again with what is wrong with it. */
async function sentWish(
  services: PageServices,
  known: PersonFacts,
  request: Request,
  response: Response,
): Promise<Wish | undefined> {
  const all = await services.groups.list();
  const form = parseForm(schemaOf(all), request);
  if (form.ok) return wishOf(known, all, form.values);
  // A fault of one group's field shows at the boxes that it stands among.
  const faults = form.faults.slice(0, 1).map((fault) => ({ ...fault, field: 'groups' }));
  const { words } = visitOf(request);
  await showForm(services, known.account, all, formView(form.typed, faults, words), request, response);
  return undefined;
}

function schemaOf(all: readonly Group[]) {
  return z.object(Object.fromEntries(all.map((group) => [fieldOf(group), tick()])));
}

function wishOf(
  { memberships }: PersonFacts,
  all: readonly Group[],
  ticks: Readonly<Record<string, unknown>>,
): Wish {
  const theirs = new Set(memberships.map(({ group }) => group.id));
  const isWanted = (group: Group) => ticks[fieldOf(group)] !== undefined;
  return {
    groups: all.filter(isWanted),
    joined: all.filter((group) => isWanted(group) && !theirs.has(group.id)),
    left: all.filter((group) => !isWanted(group) && theirs.has(group.id)),
  };
}

function planned(
  services: PageServices,
  { visit: { words } }: Person,
  known: PersonFacts,
  wish: Wish,
): PlannedChange {
  const { account } = known;
  return {
    whatIf: ifInGroups(services, known, wish),
    path: confirmPath(account),
    // That none is ticked is something that was sent, too.
    typed: { sent: 'on', ...Object.fromEntries(wish.groups.map((group) => [fieldOf(group), 'on'])) },
    back: { href: `/admin/people/${account.id}`, text: account.name },
    keep: words.t('person-groups.keep'),
  };
}

function groupsPath({ id }: Account): string {
  return `/admin/people/${id}/groups`;
}

function confirmPath(account: Account): string {
  return `${groupsPath(account)}/confirm`;
}

async function save(
  { groups, clock }: PageServices,
  { actor }: Person,
  account: Account,
  { joined, left }: Wish,
  request: Request,
  response: Response,
): Promise<void> {
  let changes = 0;
  for (const group of joined) if (await groups.add(group, account, actor)) changes += 1;
  for (const group of left) if (await groups.drop(group, account, actor)) changes += 1;
  forgetLeftovers(request);
  const path = `/admin/people/${account.id}`;
  leaveNotice(request, {
    path,
    key: changes > 0 ? 'person-groups.saved' : 'policy.unchanged',
    kind: changes > 0 ? 'success' : 'info',
    values: { name: account.name },
    at: clock(),
  });
  response.redirect(303, path);
}
