import { PASSWORD } from '../../support/portal.ts';
import type { Studio } from './studio.ts';

/** Setting up the site, while nobody has an account; creates Ada, the first administrator. */
export async function firstStart(studio: Studio): Promise<void> {
  const { t, services } = studio;
  const token = await services.registration.setupToken();
  const ada = studio.browser();
  await studio.visits('setup/dead-link', ada, '/setup?token=used');
  await studio.visits('setup/empty', ada, `/setup?token=${token}`);
  await studio.presses('setup/left-empty', ada, t('setup.submit'));
  ada.fillsIn(t('field.site-name'), 'Help Center');
  ada.fillsIn(t('field.own-name'), 'Ada Admin');
  ada.fillsIn(t('field.email'), 'ada@example.org');
  ada.fillsIn(t('field.password'), 'too short');
  await studio.presses('setup/password-too-short', ada, t('setup.submit'));
  ada.fillsIn(t('field.password'), PASSWORD);
  await studio.presses('setup/done', ada, t('setup.submit'));
}
