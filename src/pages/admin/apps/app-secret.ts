import type { Request } from 'express';
import { z } from 'zod';
import { type ListedApp, sharesSecret } from '../../../apps/app.ts';
import { GIVEN_SECRET, givenSecret, type SecretStanding } from '../../../apps/app-secrets.ts';
import { SECRET_OF_APP } from '../../../apps/signed-hand-over.ts';
import { addQuestionPage } from '../../../web/confirm-page.ts';
import { addFormPage, type Redirect } from '../../../web/form-page.ts';
import { NotFound } from '../../../web/http-errors.ts';
import type { AddPage } from '../../../web/routes.ts';
import type { PageServices } from '../../page-services.ts';
import { APPS, appIn, pathOf } from './app-words.ts';
import { keepFreshSecret } from './fresh-secret.ts';

type SecretServices = Pick<PageServices, 'appSecrets' | 'apps' | 'clock' | 'guards' | 'keyring' | 'renderer'>;

/** An app with the secrets that are valid now, newest first. */
interface AppWithSecrets {
  readonly app: ListedApp;
  readonly secrets: readonly SecretStanding[];
}

/** Secrets of an app: making a new one, and ending the former one. */
export function appSecretPages(addPage: AddPage, services: SecretServices): void {
  newSecretPage(addPage, services);
  formerSecretPage(addPage, services);
}

async function withSecrets(
  services: Pick<PageServices, 'appSecrets' | 'apps'>,
  request: Request,
): Promise<AppWithSecrets> {
  const app = await appIn(services, request);
  if (!sharesSecret(app)) throw new NotFound();
  return { app, secrets: await services.appSecrets.standing(app) };
}

/**
 * /admin/apps/:id/secret: a new secret, made here or by the app. The form names the secret that it replaces: of two administrators
 * at the same moment, one is told that there is a new one already.
 */
function newSecretPage(addPage: AddPage, services: SecretServices): void {
  const { appSecrets, guards } = services;
  addFormPage(addPage, services, {
    path: `${APPS}/:id/secret`,
    guard: guards.steppedUpAdministrator,
    load: ({ request }) => withSecrets(services, request),
    schema: z.object({
      newest: z.string({ error: 'error.not-text' }).max(100, { error: 'error.too-long' }).default(''),
      secret: z
        .string({ error: 'app.secret-form' })
        .default('')
        .transform((text) => (text.trim() === '' ? undefined : text))
        .pipe(givenSecret.optional()),
    }),
    keeps: [],
    view: ({ who: { context }, subject: { app, secrets } }) => {
      const { t, when } = context.words;
      const [newest, former] = secrets;
      return {
        view: 'admin/app-secret',
        title: t('admin-apps.secret-title', { name: app.name }),
        caption: t('menu.administration'),
        back: { href: pathOf(app), text: app.name },
        model: {
          ...{ path: pathOf(app), newest: newest?.id ?? '', kind: app.kind },
          formerUntil: former?.endsAt ? when(former.endsAt) : undefined,
          takesSecret: app.kind === 'signed',
          appMakesSecret: app.kind === 'signed' && SECRET_OF_APP.includes(app.signed.format),
        },
      };
    },
    placeErrors: (errors) =>
      errors.map((error) => (error.field === 'secret' ? { ...error, values: GIVEN_SECRET } : error)),
    async submit({ newest, secret: given }, { who, request, subject: { app } }) {
      const secret = await appSecrets.rotateFrom(newest || undefined, app, who.actor, given);
      if (secret === undefined) return { errors: [{ field: '', key: 'admin-apps.secret-stale' }] };
      if (given !== undefined) {
        return { goTo: pathOf(app), flash: { key: 'admin-apps.secret-taken', kind: 'success' } };
      }
      await keepFreshSecret(services, who, request, app, secret);
      return { goTo: `${pathOf(app)}/connect` };
    },
  });
}

/** /admin/apps/:id/secret/end: stops the former secret before its week is over. */
function formerSecretPage(addPage: AddPage, services: SecretServices): void {
  const { appSecrets, guards } = services;
  addQuestionPage(addPage, services, {
    path: `${APPS}/:id/secret/end`,
    guard: guards.steppedUpAdministrator,
    load: async ({ request }) => {
      const found = await withSecrets(services, request);
      if (found.secrets.length < 2) throw new NotFound();
      return found;
    },
    async propose({ who, subject: { app, secrets } }) {
      const { t, when } = who.context.words;
      const revision = secrets.map(({ id }) => id).join(' ');
      const end = async (): Promise<Redirect> => {
        await appSecrets.endFormer(app, who.actor);
        return { goTo: pathOf(app), flash: { key: 'admin-apps.secret-ended', kind: 'success' } };
      };
      return {
        needsConfirming: async () => true,
        preview: async () => ({
          view: 'admin/confirm',
          title: t('admin-apps.secret-end-title', { name: app.name }),
          caption: t('menu.administration'),
          back: { href: pathOf(app), text: app.name },
          model: {
            text: t('admin-apps.secret-end-text', { date: when(secrets[0]?.createdAt ?? 0) }),
            button: { text: t('admin-apps.secret-end'), kind: 'danger' },
            cancel: { href: pathOf(app), text: t('enrolment.cancel') },
          },
          revision,
          staleNotice: 'admin-apps.secret-stale',
        }),
        apply: end,
        applyIfUnchanged: async (shown) => (shown === revision ? end() : 'stale'),
      };
    },
  });
}
