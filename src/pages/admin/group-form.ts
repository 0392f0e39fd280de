import type { Request, Response } from 'express';
import { z } from 'zod';
import { type Group, LONGEST_GROUP_NAME } from '../../accounts/group.ts';
import type { DecidedGroup, GroupChange } from '../../accounts/groups.ts';
import { type FieldFault, formView, nameInLists, parseForm, parseValues } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import { forgetLeftovers, leaveNotice, readKeptForm } from '../../web/session.ts';
import type { Person } from '../../web/standing.ts';
import type { PageServices } from '../page-services.ts';
import { GROUPS, groupOf, pathOf } from './groups.ts';
import { ifAsShown, leadToPreview, type PlannedChange, showPreview } from './policy-preview.ts';
import {
  atGroup,
  DATE_MISSING,
  hasDate,
  hasMethods,
  METHODS_MISSING,
  RULE_CHOICES,
  ruleFields,
  ruleIn,
  typedRule,
} from './rule-fields.ts';

const schema = z
  .object({
    name: nameInLists('group.name-missing', LONGEST_GROUP_NAME),
    ...ruleFields,
  })
  .refine(hasMethods, METHODS_MISSING)
  .refine(hasDate, DATE_MISSING);

type Typed = Readonly<Record<string, string>>;

/** GET /admin/groups/new */
export function newGroup(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const { twoFactor } = person.visit.settings;
    const fresh = typedRule({ rule: 'mandatory', methods: twoFactor.methods, grace: { kind: 'none' } });
    const kept = readKeptForm(request, request.path);
    const typed = Object.keys(kept).length > 0 ? kept : fresh;
    await showForm(services, person, undefined, request, response, typed, []);
  };
}

/** POST /admin/groups/new */
export function submitNewGroup(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const form = parseForm(schema, request);
    if (!form.ok) return showForm(services, person, undefined, request, response, form.typed, form.faults);
    const group = await services.groups.create(decidedBy(form.values), person.actor);
    if (!group) return showForm(services, person, undefined, request, response, form.typed, [NAME_TAKEN]);
    leadToGroup(services, group, 'group.created', request, response);
  };
}

/** GET /admin/groups/:id/edit */
export function editGroup(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const group = await groupOf(services, request);
    const kept = readKeptForm(request, request.path);
    const typed = Object.keys(kept).length > 0 ? kept : typedOf(group);
    await showForm(services, person, group, request, response, typed, []);
  };
}

/** POST /admin/groups/:id/edit: saves, unless it asks people to enrol or leaves them without 2FA: then that is said first. */
export function submitGroup(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const group = await groupOf(services, request);
    const form = parseForm(schema, request);
    if (!form.ok) return showForm(services, person, group, request, response, form.typed, form.faults);
    const decided = decidedBy(form.values);
    if (await leadToPreview(services, person, planned(services, person, group, decided), request, response))
      return;
    const outcome = await services.groups.change(group, decided, person.actor);
    await answer(services, person, group, decided, outcome, request, response);
  };
}

/** GET /admin/groups/:id/confirm: what the rule that was just sent does to people. */
export function confirmGroup(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const group = await groupOf(services, request);
    const form = parseValues(schema, readKeptForm(request, confirmPath(group)));
    if (!form.ok) return response.redirect(303, pathOf(group));
    const change = planned(services, person, group, decidedBy(form.values));
    await showPreview(services, person, change, request, response);
  };
}

/** POST /admin/groups/:id/confirm: saves what was said, unless somebody has decided something else in between. */
export function submitConfirmedGroup(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const group = await groupOf(services, request);
    const form = parseForm(schema, request);
    if (!form.ok) return showForm(services, person, group, request, response, form.typed, form.faults);
    const decided = decidedBy(form.values);
    const change = planned(services, person, group, decided);
    const decision = await ifAsShown(services, change.whatIf, request, () =>
      services.groups.change(group, decided, person.actor),
    );
    if (decision.kind === 'stale') return showPreview(services, person, change, request, response);
    await answer(services, person, group, decided, decision.outcome, request, response);
  };
}

function planned(
  { groups }: PageServices,
  { visit: { words } }: Person,
  group: Group,
  decided: DecidedGroup,
): PlannedChange {
  return {
    whatIf: { group: { id: group.id, rule: groups.next(group, decided) } },
    path: confirmPath(group),
    typed: typedOf(decided),
    back: { href: pathOf(group), text: group.name },
    keep: words.t('group.keep'),
  };
}

async function answer(
  services: PageServices,
  person: Person,
  group: Group,
  decided: DecidedGroup,
  outcome: GroupChange,
  request: Request,
  response: Response,
): Promise<void> {
  if (outcome === 'refused') {
    return showForm(services, person, group, request, response, typedOf(decided), [NAME_TAKEN]);
  }
  leadToGroup(services, group, outcome === 'changed' ? 'group.saved' : 'policy.unchanged', request, response);
}

const NAME_TAKEN: FieldFault = { field: 'name', key: 'group.name-taken' };

function leadToGroup(
  { clock }: PageServices,
  group: Group,
  key: 'group.created' | 'group.saved' | 'policy.unchanged',
  request: Request,
  response: Response,
): void {
  forgetLeftovers(request);
  const kind = key === 'policy.unchanged' ? 'info' : 'success';
  leaveNotice(request, { path: pathOf(group), key, kind, values: {}, at: clock() });
  response.redirect(303, pathOf(group));
}

async function showForm(
  { renderer }: PageServices,
  { visit: { words } }: Person,
  group: Group | undefined,
  request: Request,
  response: Response,
  typed: Typed,
  faults: readonly FieldFault[],
): Promise<void> {
  const path = group && pathOf(group);
  await renderer.show(request, response, {
    view: 'admin/group-form',
    title: group ? words.t('group.edit-title', { name: group.name }) : words.t('group.new'),
    caption: words.t('menu.administration'),
    back: path ? { href: path, text: group.name } : { href: GROUPS, text: words.t('groups.title') },
    form: formView(typed, faults.map(atGroup), words),
    facts: {
      ...RULE_CHOICES,
      action: path ? `${path}/edit` : `${GROUPS}/new`,
      cancel: path ?? GROUPS,
    },
  });
}

function confirmPath(group: Group): string {
  return `${pathOf(group)}/confirm`;
}

function decidedBy(values: z.infer<typeof schema>): DecidedGroup {
  return { name: values.name, ...ruleIn(values) };
}

function typedOf({ name, ...rule }: DecidedGroup): Typed {
  return { name, ...typedRule(rule) };
}
