import type { Studio } from './studio.ts';

/** The guide to 2FA: for strangers, and for signed-in people, with and without a contact of the administrators. */
export async function help(studio: Studio): Promise<void> {
  await studio.visits('help/signed-out', studio.browser(), '/help/two-factor');
  await studio.services.settings.change({ helpContact: 'help@example.org' });
  const account = await studio.account({ email: 'hugo@example.org', name: 'Hugo Help' });
  await studio.visits('help/signed-in', await studio.signsIn(account), '/help/two-factor');
  await studio.services.settings.change({ helpContact: '' });
}
