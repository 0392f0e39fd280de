import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Account } from '../../accounts/account.ts';
import type { Group } from '../../accounts/group.ts';
import { type FormView, formView, parseForm, parseValues, tick } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import { forgetLeftovers, leaveNotice, readKeptForm } from '../../web/session.ts';
import type { Person } from '../../web/standing.ts';
import { visitOf } from '../../web/visit.ts';
import type { PageServices } from '../page-services.ts';
import { GROUPS } from './groups.ts';
import { accountOf } from './person-actions.ts';
import { ifInGroups, isAsShown, leadToPreview, type PlannedChange, showPreview } from './policy-preview.ts';

/** Each group is a field of its own: a list in one field would not survive being kept during a step-up. */
const fieldOf = ({ id }: Pick<Group, 'id'>) => `group-${id}`;

/** GET /admin/people/:id/groups: every group, those ticked that the person is in. */
export function groupsOfPerson(services: PageServices): Handler<Person> {
  return async ({ visit: { words } }, request, response) => {
    const account = await accountOf(services, request);
    const theirs = await services.groups.of(account);
    const kept = readKeptForm(request, request.path);
    const typed =
      Object.keys(kept).length > 0 ? kept : Object.fromEntries(theirs.map((group) => [fieldOf(group), 'on']));
    await showForm(
      services,
      account,
      await services.groups.all(),
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
    const account = await accountOf(services, request);
    const wish = await sentWish(services, account, request, response);
    if (!wish) return;
    const change = await planned(services, person, account, wish);
    if (await leadToPreview(services, change, request, response)) return;
    await save(services, person, account, wish, request, response);
  };
}

/** GET /admin/people/:id/groups/confirm: what the groups that were just sent do to the person. */
export function confirmGroupsOfPerson(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const account = await accountOf(services, request);
    const kept = readKeptForm(request, confirmPath(account));
    const all = await services.groups.all();
    const form = parseValues(schemaOf(all), kept);
    if (Object.keys(kept).length === 0 || !form.ok) return response.redirect(303, groupsPath(account));
    const wish = await wishOf(services, account, all, form.values);
    const change = await planned(services, person, account, wish);
    await showPreview(services, person, change, request, response);
  };
}

/** POST /admin/people/:id/groups/confirm: saves, unless somebody has decided something else in between. */
export function submitConfirmedGroupsOfPerson(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const account = await accountOf(services, request);
    const wish = await sentWish(services, account, request, response);
    if (!wish) return;
    const change = await planned(services, person, account, wish);
    if (!(await isAsShown(services, change.whatIf, request))) {
      return showPreview(services, person, change, request, response);
    }
    await save(services, person, account, wish, request, response);
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
  account: Account,
  request: Request,
  response: Response,
): Promise<Wish | undefined> {
  const all = await services.groups.all();
  const form = parseForm(schemaOf(all), request);
  if (form.ok) return wishOf(services, account, all, form.values);
  // A fault of one group's field shows at the boxes that it stands among.
  const faults = form.faults.slice(0, 1).map((fault) => ({ ...fault, field: 'groups' }));
  const { words } = visitOf(request);
  await showForm(services, account, all, formView(form.typed, faults, words), request, response);
  return undefined;
}

function schemaOf(all: readonly Group[]) {
  return z.object(Object.fromEntries(all.map((group) => [fieldOf(group), tick()])));
}

async function wishOf(
  { groups }: PageServices,
  account: Account,
  all: readonly Group[],
  ticks: Readonly<Record<string, unknown>>,
): Promise<Wish> {
  const theirs = new Set((await groups.of(account)).map(({ id }) => id));
  const isWanted = (group: Group) => ticks[fieldOf(group)] !== undefined;
  return {
    groups: all.filter(isWanted),
    joined: all.filter((group) => isWanted(group) && !theirs.has(group.id)),
    left: all.filter((group) => !isWanted(group) && theirs.has(group.id)),
  };
}

async function planned(
  services: PageServices,
  { visit: { words } }: Person,
  account: Account,
  wish: Wish,
): Promise<PlannedChange> {
  return {
    whatIf: await ifInGroups(services, account, wish),
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
