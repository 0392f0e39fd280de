import type { Request, Response } from 'express';
import type { Group, GroupWithSize } from '../../accounts/group.ts';
import type { PersonFacts } from '../../accounts/standings.ts';
import type { Settings } from '../../settings/settings.ts';
import type { WhatIf } from '../../two-factor/policies.ts';
import { type Decision, hasConfirmedMailbox, type Preview, type Timing } from '../../two-factor/previews.ts';
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
  services: PageServices,
  person: Person,
  { whatIf, path, typed }: PlannedChange,
  request: Request,
  response: Response,
): Promise<boolean> {
  const settings = await settingsNow(services, person, request);
  if (!(await services.previews.touchesAnybody(whatIf, settings))) return false;
  keepForm(request, { path, values: typed });
  response.redirect(303, path);
  return true;
}

/** Says what the change does to people in either direction, with "Save" and a way back. */
export async function showPreview(
  services: PageServices,
  person: Person,
  change: PlannedChange,
  request: Request,
  response: Response,
): Promise<void> {
  const { words } = person.visit;
  const effect = await effectOf(services, person, change.whatIf, request);
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
 * Writes what the page that was sent has shown. Where another administrator has changed a rule in between, its numbers are
 * none that anybody has agreed to: then it is to be shown anew, and nothing is written.
 */
export async function ifAsShown<Outcome>(
  { previews }: PageServices,
  whatIf: WhatIf,
  request: Request,
  write: () => Promise<Outcome>,
): Promise<Decision<Outcome>> {
  const body: unknown = request.body;
  const shown = typeof body === 'object' && body !== null && BASIS in body ? body[BASIS] : undefined;
  return previews.ifAsShown(whatIf, shown, write);
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

/** What a change does to people, in words. `groups`: where the page knows them already. */
export async function effectOf(
  services: PageServices,
  person: Person,
  whatIf: WhatIf,
  request: Request,
  groups?: readonly GroupWithSize[],
): Promise<Effect> {
  const { words } = person.visit;
  const settings = await settingsNow(services, person, request);
  const preview = await services.previews.of(whatIf, settings, groups);
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
    basis: preview.basis,
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

/** A form may have taken its time to arrive: what was known when its request began may be over. */
async function settingsNow(
  { settings }: PageServices,
  { visit }: Person,
  request: Request,
): Promise<Settings> {
  return request.method === 'POST' ? settings.read() : visit.settings;
}

/** The person in other groups. */
export function ifInGroups(
  { clock }: Pick<PageServices, 'clock'>,
  known: PersonFacts,
  { joined, left }: { readonly joined: readonly Group[]; readonly left: readonly Group[] },
): WhatIf {
  const stay = known.memberships.filter(({ group }) => left.every(({ id }) => id !== group.id));
  const come = joined.map((group) => ({ accountId: known.account.id, group, joinedAt: clock() }));
  return { person: { known, memberships: [...stay, ...come] } };
}
