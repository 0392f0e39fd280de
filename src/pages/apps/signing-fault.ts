import { type SignedApp, signInStartOf } from '../../apps/app.ts';
import type { SigningFault } from '../../apps/signed-formats/format.ts';
import { signInPathOf } from '../../apps/signed-hand-over.ts';
import type { MessageKey } from '../../kernel/i18n.ts';
import type { SignedIn } from '../../web/auth-state.ts';
import type { Exchange } from '../../web/guards.ts';
import type { PageServices } from '../page-services.ts';

/** What an administrator reads. `isSetUp`: starting again may help; otherwise the app's settings have to be changed first. */
const FAULTS: Readonly<Record<SigningFault, { readonly text: MessageKey; readonly isSetUp: boolean }>> = {
  'no secret': { text: 'apps.fault-no-secret', isSetUp: false },
  settings: { text: 'apps.fault-settings', isSetUp: false },
  malformed: { text: 'apps.fault-malformed', isSetUp: true },
  'bad signature': { text: 'apps.fault-bad-signature', isSetUp: true },
  elsewhere: { text: 'apps.fault-elsewhere', isSetUp: true },
};

/**
 * Says that the person cannot be signed in to the app, and to an administrator what is wrong. Nothing that the request contains is
 * shown: anybody may have written it.
 */
export function showSigningFault(
  { renderer, logger }: Pick<PageServices, 'renderer' | 'logger'>,
  { who, request, response }: Exchange<SignedIn>,
  app: SignedApp,
  fault: SigningFault,
): Promise<void> {
  const { words } = who.context;
  const { text, isSetUp } = FAULTS[fault];
  logger.warn({ app: app.name, appId: app.id, fault }, 'a signed hand-over was refused');
  const isAdministrator = who.account.role === 'administrator';
  return renderer.show(request, response, {
    view: 'apps/signing-fault',
    title: words.t('apps.fault-title', { app: app.name }),
    width: 'narrow',
    status: isSetUp ? 400 : 409,
    model: {
      app: app.name,
      text: words.t(isSetUp ? 'apps.fault-text' : 'apps.fault-text-set-up', { app: app.name }),
      start: isSetUp ? signInStartOf(app) : undefined,
      ...(isAdministrator && {
        reason: words.t(text, { origin: app.origin, path: signInPathOf(app.id) }),
        settings: `/admin/apps/${app.id}`,
      }),
    },
  });
}
