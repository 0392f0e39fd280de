import { z } from 'zod';
import {
  type App,
  FRESH_MINUTES,
  LONGEST_APP_NAME,
  PROOFS,
  type ProofDemand,
  parseAppOrigin,
} from '../../../apps/app.ts';
import type { HostAppInput } from '../../../apps/apps.ts';
import type { MessageKey } from '../../../kernel/i18n.ts';
import type { Group } from '../../../policy/group.ts';
import { type FieldError, lineOfText, type SubmittedValues, tick } from '../../../web/forms.ts';

/** The settings that apps of every kind have. */
export type CommonInput = Omit<HostAppInput, 'kind' | 'remoteUser'>;

const SPELLED = { none: 'none', 'second-step': 'second step', strong: 'strong' } as const satisfies Record<
  string,
  ProofDemand
>;
type Spelled = keyof typeof SPELLED;
export const SPELLED_PROOFS = Object.keys(SPELLED) as readonly Spelled[];

export const says = (key: MessageKey) => ({ error: key });
export const chosen = says('admin-apps.choose');

export const commonFields = {
  name: lineOfText('app.name-missing', LONGEST_APP_NAME),
  origin: z
    .string(says('cli.app-address-form'))
    .refine((text) => parseAppOrigin(text) !== undefined, says('cli.app-address-form'))
    .transform((text) => parseAppOrigin(text) ?? ''),
  audience: z.enum(['everybody', 'groups'], chosen),
  proof: z.enum(SPELLED_PROOFS, chosen),
  fresh: z
    .string(says('admin-apps.fresh-form'))
    .default('')
    .transform((text) => text.trim())
    .refine(isFresh, says('admin-apps.fresh-form')),
  confirmsEmail: tick(),
};
export type CommonValues = z.infer<z.ZodObject<typeof commonFields>>;

function isFresh(text: string): boolean {
  const { least, most } = FRESH_MINUTES;
  return text === '' || (/^\d{1,4}$/.test(text) && Number(text) >= least && Number(text) <= most);
}

/**
 * Boxes of groups: "group" for those whose members may use the app, "told" for those that it is told of. A field per group: kept
 * values are text, so a list in one field would be lost during a step-up.
 */
export const GROUP_BOXES = ['group', 'told'] as const;
export type GroupBox = (typeof GROUP_BOXES)[number];

export function boxOf(box: GroupBox, { id }: Pick<Group, 'id'>): string {
  return `${box}-${id}`;
}

export function boxFields(groups: readonly Group[]) {
  const boxes = GROUP_BOXES.flatMap((box) => groups.map((group) => [boxOf(box, group), tick()] as const));
  return Object.fromEntries(boxes);
}

/** Whether a field is one of these boxes, of whatever group. */
export function isBox(name: string): boolean {
  return /^(?:group|told)-[\w-]{1,40}$/.test(name);
}

/** The ids of the groups whose boxes are ticked. */
export function tickedIds(
  box: GroupBox,
  values: Readonly<Record<string, unknown>>,
  groups: readonly Group[],
): string[] {
  return groups.filter((group) => values[boxOf(box, group)] !== undefined).map(({ id }) => id);
}

/** Ticked boxes as a form has them. */
export function tickedBoxes(box: GroupBox, ids: readonly string[]): SubmittedValues {
  return Object.fromEntries(ids.map((id) => [boxOf(box, { id }), 'on']));
}

/** What was typed as the domain has it. An app "for groups" without one would be for nobody: that is asked for again. */
export function commonInput(
  values: CommonValues & Readonly<Record<string, unknown>>,
  groups: readonly Group[],
): CommonInput | { readonly errors: readonly FieldError[] } {
  const { name, origin, audience, proof, fresh, confirmsEmail } = values;
  const ticked = tickedIds('group', values, groups);
  if (audience === 'groups' && ticked.length === 0) {
    return { errors: [{ field: 'groups', key: 'admin-apps.groups-missing' }] };
  }
  return {
    ...{ name, origin, proof: SPELLED[proof], confirmsEmail: confirmsEmail !== undefined },
    audience: audience === 'everybody' ? audience : ticked,
    freshMinutes: fresh === '' ? null : Number(fresh),
  };
}

export function typedCommon(app: App): SubmittedValues {
  const { name, origin, audience, proof, freshMinutes, confirmsEmail } = app;
  return {
    ...{ name, origin, audience: audience === 'everybody' ? audience : 'groups' },
    proof: SPELLED_PROOFS.find((one) => SPELLED[one] === proof) ?? PROOFS[0],
    fresh: freshMinutes === null ? '' : String(freshMinutes),
    ...ticked('confirmsEmail', confirmsEmail),
    ...tickedBoxes('group', audience === 'everybody' ? [] : audience),
  };
}

/** A box as a form has it: an unticked one is missing. */
export function ticked(name: string, isTicked: boolean): SubmittedValues {
  return isTicked ? { [name]: 'on' } : {};
}

/** An error of one box is shown at the group of boxes; the bounds of a number are filled in. */
export function placeErrors(errors: readonly FieldError[]): readonly FieldError[] {
  return errors.map((error) => ({
    ...error,
    ...(error.field.startsWith('group-') && { field: 'groups' }),
    ...(error.field.startsWith('told-') && { field: 'told' }),
    ...(error.field === 'fresh' && { values: FRESH_MINUTES }),
  }));
}
