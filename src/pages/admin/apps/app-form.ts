import { z } from 'zod';
import {
  FRESH_MINUTES,
  type HostApp,
  LONGEST_APP_NAME,
  PROOFS,
  type ProofDemand,
  parseAppOrigin,
  REMOTE_USERS,
} from '../../../apps/app.ts';
import type { AppFault, AppInput } from '../../../apps/apps.ts';
import type { MessageKey, Translator } from '../../../kernel/i18n.ts';
import type { Group } from '../../../policy/group.ts';
import { addFormPage, type FormOutcome } from '../../../web/form-page.ts';
import { type FieldError, lineOfText, type SubmittedValues, tick } from '../../../web/forms.ts';
import { NotFound } from '../../../web/http-errors.ts';
import type { Page } from '../../../web/rendering.ts';
import type { AddPage } from '../../../web/routes.ts';
import type { PageServices } from '../../page-services.ts';
import { APPS, hostAppIn, pathOf } from './app-words.ts';

type AppFormServices = Pick<PageServices, 'apps' | 'groups' | 'guards' | 'renderer'>;

/** A field per group: kept values are text, so a list in one field would be lost during a step-up. */
const fieldOf = ({ id }: Pick<Group, 'id'>) => `group-${id}`;

const SPELLED = { none: 'none', 'second-step': 'second step', strong: 'strong' } as const satisfies Record<
  string,
  ProofDemand
>;
type Spelled = keyof typeof SPELLED;
const spellings = Object.keys(SPELLED) as readonly Spelled[];

const says = (key: MessageKey) => ({ error: key });
const chosen = says('admin-apps.choose');

const fields = {
  name: lineOfText('app.name-missing', LONGEST_APP_NAME),
  origin: z
    .string(says('cli.app-address-form'))
    .refine((text) => parseAppOrigin(text) !== undefined, says('cli.app-address-form'))
    .transform((text) => parseAppOrigin(text) ?? ''),
  audience: z.enum(['everybody', 'groups'], chosen),
  proof: z.enum(spellings, chosen),
  fresh: z
    .string(says('admin-apps.fresh-form'))
    .default('')
    .transform((text) => text.trim())
    .refine(isFresh, says('admin-apps.fresh-form')),
  confirmsEmail: tick(),
  remoteUser: z.enum(REMOTE_USERS, chosen),
};

function isFresh(text: string): boolean {
  const { least, most } = FRESH_MINUTES;
  return text === '' || (/^\d{1,4}$/.test(text) && Number(text) >= least && Number(text) <= most);
}

/** Its fields, with a box for each group. */
function schemaFor(groups: readonly Group[]) {
  return z.object({ ...fields, ...Object.fromEntries(groups.map((group) => [fieldOf(group), tick()])) });
}
type AppValues = z.infer<z.ZodObject<typeof fields>> & Readonly<Record<string, unknown>>;

const keeps = (name: string) => name in fields || /^group-[\w-]{1,40}$/.test(name);

/** /admin/apps/new: leads to the configuration of the app's proxy. */
export function newAppPage(addPage: AddPage, services: AppFormServices): void {
  addFormPage(addPage, services, {
    path: `${APPS}/new`,
    guard: services.guards.steppedUpAdministrator,
    load: () => services.groups.list(),
    schema: schemaFor,
    keeps,
    values: (): SubmittedValues => ({ audience: 'everybody', proof: 'none', remoteUser: 'email' }),
    view: ({ who: { context }, subject: groups }) => {
      const { t } = context.words;
      const back = { href: APPS, text: t('admin-apps.title') };
      return formPage(t, t('admin-apps.new'), `${APPS}/new`, back, groups);
    },
    placeErrors,
    async submit(values, { who, subject: groups }) {
      const input = inputOf(values, groups);
      if ('errors' in input) return input;
      const outcome = await services.apps.create(input, who.actor);
      if (outcome.kind === 'refused') return refusal(outcome.fault, input);
      const goTo = `${pathOf(outcome.app)}/proxy`;
      return { goTo, flash: { key: 'admin-apps.created', kind: 'success' } };
    },
  });
}

/** /admin/apps/:id/edit */
export function appEditPage(addPage: AddPage, services: AppFormServices): void {
  addFormPage(addPage, services, {
    path: `${APPS}/:id/edit`,
    guard: services.guards.steppedUpAdministrator,
    load: async ({ request }) => ({
      app: await hostAppIn(services, request),
      groups: await services.groups.list(),
    }),
    schema: ({ groups }) => schemaFor(groups),
    keeps,
    values: ({ subject: { app } }) => typedApp(app),
    view: ({ who: { context }, subject: { app, groups } }) => {
      const { t } = context.words;
      const back = { href: pathOf(app), text: app.name };
      return formPage(t, t('admin-apps.edit'), `${pathOf(app)}/edit`, back, groups);
    },
    placeErrors,
    async submit(values, { who, subject: { app, groups } }) {
      const input = inputOf(values, groups);
      if ('errors' in input) return input;
      const outcome = await services.apps.update(app.id, input, who.actor);
      if (outcome.kind !== 'refused') return { goTo: pathOf(app), flash: SAID[outcome.kind] };
      if (outcome.fault === 'gone') throw new NotFound();
      return refusal(outcome.fault, input);
    },
  });
}

const SAID = {
  changed: { key: 'admin-apps.saved', kind: 'success' },
  unchanged: { key: 'policy.unchanged', kind: 'info' },
} as const;

function formPage(
  t: Translator['t'],
  title: string,
  action: string,
  back: NonNullable<Page['back']>,
  groups: readonly Group[],
): Page {
  return {
    view: 'admin/app-form',
    title,
    caption: t('menu.administration'),
    back,
    model: {
      ...{ action, cancel: back.href, proofs: spellings, remoteUsers: REMOTE_USERS },
      groups: groups.map((group) => ({ field: fieldOf(group), name: group.name })),
    },
  };
}

function typedApp({ name, origin, audience, proof, freshMinutes, confirmsEmail, remoteUser }: HostApp) {
  const ticked = audience === 'everybody' ? [] : audience.map((id) => [fieldOf({ id }), 'on']);
  return {
    ...{ name, origin, remoteUser },
    audience: audience === 'everybody' ? audience : 'groups',
    proof: spellings.find((one) => SPELLED[one] === proof) ?? PROOFS[0],
    fresh: freshMinutes === null ? '' : String(freshMinutes),
    ...(confirmsEmail && { confirmsEmail: 'on' }),
    ...Object.fromEntries(ticked),
  };
}

/** What was typed as the domain has it. An app "for groups" without one would be for nobody: that is asked for again. */
function inputOf(values: AppValues, groups: readonly Group[]): AppInput | { readonly errors: FieldError[] } {
  const ticked = groups.filter((group) => values[fieldOf(group)] !== undefined).map(({ id }) => id);
  if (values.audience === 'groups' && ticked.length === 0) {
    return { errors: [{ field: 'groups', key: 'admin-apps.groups-missing' }] };
  }
  const { name, origin, proof, fresh, confirmsEmail, remoteUser } = values;
  return {
    ...{ kind: 'host', name, origin, remoteUser, proof: SPELLED[proof] },
    audience: values.audience === 'everybody' ? 'everybody' : ticked,
    freshMinutes: fresh === '' ? null : Number(fresh),
    confirmsEmail: confirmsEmail !== undefined,
  };
}

function refusal(fault: AppFault, { name, origin }: AppInput): FormOutcome {
  if (fault === 'name taken') {
    return { errors: [{ field: 'name', key: 'cli.app-exists', values: { app: name } }] };
  }
  return { errors: [{ field: 'origin', key: FAULTS[fault], values: { address: origin } }] };
}

const FAULTS = {
  'host taken': 'cli.app-address-taken',
  'own site': 'cli.app-own-site',
  'not https': 'cli.app-not-https',
  'own address': 'app.fault.own-address',
  elsewhere: 'app.fault.elsewhere',
  'pkce needed': 'app.fault.pkce-needed',
} as const satisfies Record<Exclude<AppFault, 'name taken'>, MessageKey>;

/** An error of one box is shown at the group of boxes; the bounds of a number are filled in. */
function placeErrors(errors: readonly FieldError[]): readonly FieldError[] {
  return errors.map((error) => ({
    ...error,
    ...(error.field.startsWith('group-') && { field: 'groups' }),
    ...(error.field === 'fresh' && { values: FRESH_MINUTES }),
  }));
}
