import type { Request, Response } from 'express';
import type { Group } from '../../accounts/group.ts';
import type { WhatIf } from '../../two-factor/policies.ts';
import { EMPTY_FORM } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import { NotFound } from '../../web/refusals.ts';
import { forgetLeftovers, leaveNotice } from '../../web/session.ts';
import type { Person } from '../../web/standing.ts';
import type { PageServices } from '../page-services.ts';
import { GROUPS, groupOf, pathOf } from './groups.ts';
import { effectOf, ifAsShown, staleness } from './policy-preview.ts';

/** GET /admin/groups/:id/delete: what it does to whom, asked once more. */
export function askToRemoveGroup(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    await showRemoval(services, person, request, response);
  };
}

async function showRemoval(
  services: PageServices,
  person: Person,
  request: Request,
  response: Response,
): Promise<void> {
  const { words } = person.visit;
  const groups = await services.groups.all();
  const group = groups.find(({ id }) => id === request.params['id']);
  if (!group) throw new NotFound();
  await services.renderer.show(request, response, {
    view: 'admin/confirmation',
    title: words.t('group.delete-title', { name: group.name }),
    caption: words.t('menu.administration'),
    width: 'wide',
    back: { href: pathOf(group), text: group.name },
    form: EMPTY_FORM,
    ...staleness(request, words),
    facts: {
      text: words.t('group.delete-text', { count: group.members }),
      effect: await effectOf(services, person, without(group), request, groups),
      action: `${pathOf(group)}/delete`,
      button: words.t('group.delete'),
      cancel: pathOf(group),
    },
  });
}

function without({ id }: Group): WhatIf {
  return { group: { id, rule: undefined } };
}

/** POST /admin/groups/:id/delete */
export function removeGroup(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const { actor } = person;
    const group = await groupOf(services, request);
    const decision = await ifAsShown(services, without(group), request, () =>
      services.groups.remove(group, actor),
    );
    if (decision.kind === 'stale') return showRemoval(services, person, request, response);
    forgetLeftovers(request);
    const values = { name: group.name };
    leaveNotice(request, {
      path: GROUPS,
      key: 'group.deleted',
      kind: 'success',
      values,
      at: services.clock(),
    });
    response.redirect(303, GROUPS);
  };
}
