import { z } from 'zod';
import { type App, type AppKind, toldGroupsOf } from '../../../apps/app.ts';
import { APP_FAULT_TEXTS, type AppInput, type AppRefused } from '../../../apps/app-input.ts';
import type { MessageKey, Translator } from '../../../kernel/i18n.ts';
import type { Group } from '../../../policy/group.ts';
import { addFormPage, type FormOutcome } from '../../../web/form-page.ts';
import type { SubmittedValues } from '../../../web/forms.ts';
import { NotFound } from '../../../web/http-errors.ts';
import type { Page } from '../../../web/rendering.ts';
import type { AddPage } from '../../../web/routes.ts';
import type { PageServices } from '../../page-services.ts';
import { APPS, appIn, editPathOf, NEW_APP, newPathOf, pathOf } from './app-words.ts';
import {
  boxFields,
  boxOf,
  type CommonValues,
  commonFields,
  commonInput,
  isBox,
  placeErrors,
  SPELLED_PROOFS,
  tickedBoxes,
  tickedIds,
  typedCommon,
} from './common-fields.ts';
import { keepFreshSecret } from './fresh-secret.ts';
import { CLIENT_FORM, HAND_OVER_FORM, HOST_FORM, type KindForm } from './kind-forms.ts';

type AppFormServices = Pick<PageServices, 'apps' | 'clock' | 'groups' | 'guards' | 'keyring' | 'renderer'>;

/** The forms of each kind: /admin/apps/new/<kind> and /admin/apps/:id/edit/<kind>. */
export function appFormPages(addPage: AddPage, services: AppFormServices): void {
  formPages(addPage, services, HOST_FORM);
  formPages(addPage, services, CLIENT_FORM);
  formPages(addPage, services, HAND_OVER_FORM);
}

type AnyForm = readonly [z.ZodRawShape, App, AppInput];

function formPages<Fields extends AnyForm[0], One extends AnyForm[1], Input extends AnyForm[2]>(
  addPage: AddPage,
  services: AppFormServices,
  form: KindForm<Fields, One, Input>,
): void {
  newAppForm(addPage, services, form);
  editForm(addPage, services, form);
}

/** The schema of a form, the fields that it keeps during a step-up, and what was typed as the domain has it. */
function partsOf<Fields extends AnyForm[0], One extends AnyForm[1], Input extends AnyForm[2]>(
  form: KindForm<Fields, One, Input>,
) {
  type Values = CommonValues & z.infer<z.ZodObject<Fields>> & Readonly<Record<string, unknown>>;
  return {
    schemaFor: (groups: readonly Group[]) =>
      z.object({ ...commonFields, ...form.fields, ...boxFields(groups) }),
    keeps: (name: string) => name in commonFields || name in form.fields || isBox(name),
    inputOf(typed: unknown, groups: readonly Group[]) {
      // The schema is put together of three; the compiler does not see that its values are.
      const values = typed as Values;
      const common = commonInput(values, groups);
      return 'errors' in common ? common : form.inputOf(values, common, tickedIds('told', values, groups));
    },
  };
}

function newAppForm<Fields extends AnyForm[0], One extends AnyForm[1], Input extends AnyForm[2]>(
  addPage: AddPage,
  services: AppFormServices,
  form: KindForm<Fields, One, Input>,
): void {
  const { schemaFor, keeps, inputOf } = partsOf(form);
  const isHost = form.kind === 'host';
  addFormPage(addPage, services, {
    path: newPathOf(form),
    guard: services.guards.steppedUpAdministrator,
    load: () => services.groups.list(),
    schema: schemaFor,
    keeps,
    values: (): SubmittedValues => ({ audience: 'everybody', proof: 'none', ...form.initial }),
    view: ({ who: { context }, subject: groups }) => {
      const { t } = context.words;
      const back = { href: NEW_APP, text: t('admin-apps.new') };
      const page = { title: t(TITLES[form.kind]), action: newPathOf(form), back, cancel: APPS };
      return formPage(t, page, form, groups);
    },
    placeErrors,
    async submit(values, { who, request, subject: groups }) {
      const input = inputOf(values, groups);
      if ('errors' in input) return input;
      const outcome = await services.apps.create(input, who.actor);
      if (outcome.kind === 'refused') return refusal(outcome, input);
      if (outcome.secret) await keepFreshSecret(services, who, request, outcome.app, outcome.secret);
      const key = isHost ? 'admin-apps.created' : 'admin-apps.created-connect';
      return {
        goTo: `${pathOf(outcome.app)}/${isHost ? 'proxy' : 'connect'}`,
        flash: { key, kind: 'success' },
      };
    },
  });
}

function editForm<Fields extends AnyForm[0], One extends AnyForm[1], Input extends AnyForm[2]>(
  addPage: AddPage,
  services: AppFormServices,
  form: KindForm<Fields, One, Input>,
): void {
  const { schemaFor, keeps, inputOf } = partsOf(form);
  addFormPage(addPage, services, {
    path: `${APPS}/:id/edit/${form.kind}`,
    guard: services.guards.steppedUpAdministrator,
    async load({ request }) {
      const app: App = await appIn(services, request);
      if (!form.isOne(app)) throw new NotFound();
      return { app, groups: await services.groups.list() };
    },
    schema: ({ groups }) => schemaFor(groups),
    keeps,
    values: ({ subject: { app } }) => ({
      ...{ ...typedCommon(app), ...form.typed(app) },
      ...tickedBoxes('told', toldGroupsOf(app)),
    }),
    view: ({ who: { context }, subject: { app, groups } }) => {
      const { t } = context.words;
      const back = { href: pathOf(app), text: app.name };
      const page = { title: t(EDIT_TITLES[form.kind]), action: editPathOf(app), back, cancel: back.href };
      return formPage(t, page, form, groups);
    },
    placeErrors,
    async submit(values, { who, request, subject: { app, groups } }) {
      const input = inputOf(values, groups);
      if ('errors' in input) return input;
      const outcome = await services.apps.update(app.id, input, who.actor);
      if (outcome.kind === 'refused') {
        const { fault } = outcome;
        if (fault === 'gone') throw new NotFound();
        return refusal({ ...outcome, fault }, input);
      }
      if (!outcome.secret) return { goTo: pathOf(app), flash: SAID[outcome.kind] };
      await keepFreshSecret(services, who, request, app, outcome.secret);
      return { goTo: `${pathOf(app)}/connect`, flash: SAID[outcome.kind] };
    },
  });
}

const TITLES = {
  host: 'admin-apps.new-host',
  oidc: 'admin-apps.new-oidc',
  signed: 'admin-apps.new-signed',
} as const satisfies Record<AppKind, MessageKey>;

const EDIT_TITLES = {
  host: 'admin-apps.edit',
  oidc: 'admin-apps.edit-oidc',
  signed: 'admin-apps.edit-signed',
} as const satisfies Record<AppKind, MessageKey>;

const SAID = {
  changed: { key: 'admin-apps.saved', kind: 'success' },
  unchanged: { key: 'policy.unchanged', kind: 'info' },
} as const;

function formPage<Fields extends z.ZodRawShape, One extends App, Input extends AppInput>(
  t: Translator['t'],
  page: Required<Pick<Page, 'title' | 'back'>> & { readonly action: string; readonly cancel: string },
  { kind, view, choices }: KindForm<Fields, One, Input>,
  groups: readonly Group[],
): Page {
  const { title, back, action, cancel } = page;
  return {
    ...{ view: 'admin/app-form', title, back, caption: t('menu.administration') },
    model: {
      ...{ action, cancel, kind, fieldsView: `/admin/${view}`, proofs: SPELLED_PROOFS, ...choices },
      groups: groups.map((group) => ({ field: boxOf('group', group), name: group.name })),
      told: groups.map((group) => ({ field: boxOf('told', group), name: group.name })),
    },
  };
}

function refusal({ fault, setting, address }: AppRefused, { name, origin }: AppInput): FormOutcome {
  const field = fault === 'name taken' ? 'name' : (setting ?? 'origin');
  const values = { app: name, address: address ?? origin };
  return { errors: [{ field, key: APP_FAULT_TEXTS[fault], values }] };
}
