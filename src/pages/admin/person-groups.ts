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
import { ifAsShown, ifInGroups, leadToPreview, type PlannedChange, showPreview } from './policy-preview.ts';

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
    const plan = planned(services, person, known, wish);
    if (await leadToPreview(services, person, plan, request, response)) return;
    const changes = await change(services, person, known.account, wish);
    leadToPerson(services, known.account, changes, request, response);
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
    const { whatIf } = planned(services, person, known, wish);
    const decision = await ifAsShown(services, whatIf, request, () =>
      change(services, person, known.account, wish),
    );
    if (decision.kind === 'written') {
      return leadToPerson(services, known.account, decision.outcome, request, response);
    }
    const present = await knownPerson(services, known.account.id);
    const anew = planned(services, person, present, { ...wish, ...difference(present, wish.groups) });
    await showPreview(services, person, anew, request, response);
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

function wishOf(known: PersonFacts, all: readonly Group[], ticks: Readonly<Record<string, unknown>>): Wish {
  const groups = all.filter((group) => ticks[fieldOf(group)] !== undefined);
  return { groups, ...difference(known, groups) };
}

function difference({ memberships }: PersonFacts, groups: readonly Group[]): Omit<Wish, 'groups'> {
  const theirs = memberships.map(({ group }) => group);
  const isIn = (some: readonly Group[], { id }: Group) => some.some((one) => one.id === id);
  return {
    joined: groups.filter((group) => !isIn(theirs, group)),
    left: theirs.filter((group) => !isIn(groups, group)),
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

/** Returns how many changes there were. */
async function change(
  { groups }: PageServices,
  { actor }: Person,
  account: Account,
  { joined, left }: Wish,
): Promise<number> {
  let changes = 0;
  for (const group of joined) if (await groups.add(group, account, actor)) changes += 1;
  for (const group of left) if (await groups.drop(group, account, actor)) changes += 1;
  return changes;
}

function leadToPerson(
  { clock }: PageServices,
  account: Account,
  changes: number,
  request: Request,
  response: Response,
): void {
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
