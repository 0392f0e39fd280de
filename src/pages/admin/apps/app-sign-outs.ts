import type { App } from '../../../apps/app.ts';
import { canBeTold } from '../../../apps/logouts.ts';
import type { Translator } from '../../../kernel/i18n.ts';
import type { PageServices } from '../../page-services.ts';

/** What the page of an app says about sign-outs. */
interface SignOutsView {
  readonly text: string;
  /** What the app was not told, and why the last try failed. */
  readonly problems: readonly string[];
}

/** Undefined for an app behind a proxy: it refuses by itself. */
export async function signOutsOf(
  { logoutReports }: Pick<PageServices, 'logoutReports'>,
  app: App,
  { t, when }: Translator,
): Promise<SignOutsView | undefined> {
  if (app.kind === 'host') return undefined;
  if (!canBeTold(app)) return { text: t('admin-apps.sign-outs-untold'), problems: [] };
  const { late, failed, since, fault } = await logoutReports.problemsOf(app);
  return {
    text: t('admin-apps.sign-outs-told', { address: app.client.backchannelLogoutUri }),
    problems: [
      ...(since === undefined ? [] : [t('logouts.late', { app: app.name, count: late, since: when(since) })]),
      ...(failed === 0 ? [] : [t('admin-apps.sign-outs-failed', { count: failed })]),
      ...(fault === null ? [] : [t('mails.last-try', { reason: fault })]),
    ],
  };
}
