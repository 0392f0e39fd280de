import type { Request, Response } from 'express';
import type { Account } from '../../accounts/account.ts';
import type { Group } from '../../accounts/group.ts';
import type { WhatIf } from '../../two-factor/policies.ts';
import { hasConfirmedMailbox, type Preview, type Timing } from '../../two-factor/previews.ts';
import { keepForm } from '../../web/session.ts';
import type { Person } from '../../web/standing.ts';
import type { Translator } from '../../words.ts';
import type { PageServices } from '../page-services.ts';
import { deadlineInColumn } from './adoption-words.ts';

/** A change of what applies to people, as a form has decided it, on its way to be saved. */
export interface PlannedChange {
  readonly whatIf: WhatIf;
  /** The page that says what the change does; its "Save" goes there, too. */
  readonly path: string;
  /** The form that decided it, to be sent once more. */
  readonly typed: Readonly<Record<string, string>>;
  /** The page that it leads back to, whether it is saved or not. */
  readonly back: { readonly href: string; readonly text: string };
  readonly keep: string;
}

/** The field in which a page says what was decided when it was made. */
const BASIS = 'basis';

/** Leads to the page that says what the change does; false where it touches nobody and can be saved at once. */
export async function leadToPreview(
  { previews }: PageServices,
  { whatIf, path, typed }: PlannedChange,
  request: Request,
  response: Response,
): Promise<boolean> {
  if (!(await previews.touchesAnybody(whatIf))) return false;
  keepForm(request, { path, values: typed });
  response.redirect(303, path);
  return true;
}

/** Says what the change does to people in either direction, with "Save" and a way back. */
export async function showPreview(
  services: PageServices,
  { visit: { words } }: Person,
  change: PlannedChange,
  request: Request,
  response: Response,
): Promise<void> {
  const effect = await effectOf(services, change.whatIf, words);
  await services.renderer.show(request, response, {
    view: 'admin/policy-confirm',
    title: words.t(titleOf(effect)),
    caption: words.t('menu.administration'),
    width: 'wide',
    back: change.back,
    ...staleness(request, words),
    facts: {
      effect,
      action: change.path,
      fields: Object.entries(change.typed),
      keep: { href: change.back.href, text: change.keep },
    },
  });
}

function titleOf({ left, asked }: Effect) {
  if (left > 0) return 'policy.confirm-title';
  return asked > 0 ? 'preview.title' : 'preview.nobody-title';
}

/**
 * Whether what was decided is still what the page that was sent went by. Where another administrator has changed a rule
 * in between, its numbers are none that anybody has agreed to: then it is shown anew, and nothing is saved.
 */
export async function isAsShown(
  { previews }: PageServices,
  whatIf: WhatIf,
  request: Request,
): Promise<boolean> {
  const body: unknown = request.body;
  const shown = typeof body === 'object' && body !== null && BASIS in body ? body[BASIS] : undefined;
  return shown === (await previews.basis(whatIf));
}

/** Of a page that is shown in answer to what was sent to it: nothing was saved, and why. */
export function staleness(request: Request, words: Translator) {
  if (request.method !== 'POST') return {};
  return { status: 409, notice: { kind: 'warning', text: words.t('preview.stale') } } as const;
}

/** What the partial `admin/policy-effect` shows. */
export interface Effect {
  readonly left: number;
  readonly leftAsked: boolean;
  readonly asked: number;
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  readonly lines: readonly (readonly unknown[])[];
  readonly more: number;
  /** What was decided when this was worked out. */
  readonly basis: string;
}

/** What a change does to people, in words. */
export async function effectOf(
  { previews }: PageServices,
  whatIf: WhatIf,
  words: Translator,
): Promise<Effect> {
  // Before the count: what is decided during it makes the page stale.
  const basis = await previews.basis(whatIf);
  const preview = await previews.of(whatIf);
  const { t, number } = words;
  return {
    left: preview.left,
    leftAsked: preview.leftAsked === preview.left,
    asked: preview.asked,
    facts: [
      ...timesInWords(preview.timing, words),
      { label: t('preview.unconfirmed'), value: number(preview.unconfirmed) },
    ],
    lines: linesOf(preview, words),
    more: preview.asked - preview.named.length,
    basis,
  };
}

function timesInWords({ atOnce, dated, fromNextSignIn }: Timing, words: Translator) {
  const { t, when, number } = words;
  const rows: { label: string; value: string }[] = [];
  if (atOnce > 0) rows.push({ label: t('asked.at-once'), value: number(atOnce) });
  if (dated) {
    const { count, earliest, latest } = dated;
    const label =
      earliest === latest
        ? t('preview.until', { time: when(latest) })
        : t('preview.between', { earliest: when(earliest), latest: when(latest) });
    rows.push({ label, value: number(count) });
  }
  for (const [days, count] of [...fromNextSignIn].sort(([one], [other]) => one - other)) {
    rows.push({ label: t('asked.days', { count: days }), value: number(count) });
  }
  return rows;
}

function linesOf({ named }: Preview, words: Translator) {
  return named.map(({ account, deadline }) => [
    { text: account.name, href: `/admin/people/${account.id}` },
    account.email,
    hasConfirmedMailbox(account)
      ? words.t('preview.confirmed')
      : { text: words.t('preview.not-confirmed'), badge: 'plain' },
    deadlineInColumn(deadline, words),
  ]);
}

/** The person in other groups. */
export async function ifInGroups(
  { groups, clock }: Pick<PageServices, 'groups' | 'clock'>,
  account: Account,
  { joined, left }: { readonly joined: readonly Group[]; readonly left: readonly Group[] },
): Promise<WhatIf> {
  const theirs = (await groups.ofMany([account.id])).get(account.id) ?? [];
  const stay = theirs.filter(({ group }) => left.every(({ id }) => id !== group.id));
  const come = joined.map((group) => ({ accountId: account.id, group, joinedAt: clock() }));
  return { person: { id: account.id, memberships: [...stay, ...come] } };
}
