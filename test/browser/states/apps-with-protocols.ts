import { newClient } from '../../support/oidc-apps.ts';
import type { Person } from '../../support/person.ts';
import { groupWith } from '../../support/policies.ts';
import { OPERATOR } from '../../support/portal.ts';
import { LONG } from './long-words.ts';
import type { Studio } from './studio.ts';

const LONG_ORIGIN = `https://${'long-'.repeat(11)}desk.example.net`;

/** Apps that speak a protocol, as an administrator sees them. */
export async function appsWithProtocols(studio: Studio): Promise<void> {
  const ada = await studio.signsIn({ email: 'ada@example.org' });
  await groupWith(studio.portal, { rule: 'off' }, [], LONG.authenticator);
  await studio.visits('apps/kinds', ada, '/admin/apps/new');
  await clients(studio, ada);
  await secrets(studio, ada);
  await handOvers(studio, ada);
}

async function clients(studio: Studio, ada: Person): Promise<void> {
  const { t, services } = studio;
  await studio.visits('apps/new-client', ada, '/admin/apps/new/oidc');
  ada.fillsIn(t('people.name'), LONG.authenticator);
  ada.fillsIn(t('audit-detail.origin'), LONG_ORIGIN);
  ada.fillsIn(t('audit-detail.redirect-addresses'), `${LONG_ORIGIN}/*\n${LONG_ORIGIN}/#`);
  ada.fillsIn(t('page.optional', { label: t('audit-detail.start-page') }), 'start');
  ada.chooses(t('app.client-authentication.none'));
  ada.unticks(t('audit-detail.pkce'));
  await studio.presses('apps/new-client-refused', ada, t('admin-apps.save'));
  ada.fillsIn(t('people.name'), `${LONG.authenticator.slice(0, 40)} 2`);
  ada.fillsIn(
    t('audit-detail.redirect-addresses'),
    `${LONG_ORIGIN}/auth/openid_connect/callback\n${LONG_ORIGIN}/${'a'.repeat(200)}`,
  );
  ada.fillsIn(t('page.optional', { label: t('audit-detail.start-page') }), '');
  await studio.presses('apps/new-client-without-pkce', ada, t('admin-apps.save'));
  ada.chooses(t('app.client-authentication.basic'));
  await studio.presses('apps/connect-with-secret', ada, t('admin-apps.save'));
  await studio.presses('apps/client', ada, t('connect.saved'));
  const app = (await services.apps.all()).find(({ origin }) => origin === LONG_ORIGIN);
  await studio.visits('apps/connect', ada, `/admin/apps/${app?.id}/connect`);
  await studio.visits('apps/edit-client', ada, `/admin/apps/${app?.id}/edit/oidc`);
  await studio.visits('apps/remove-client', ada, `/admin/apps/${app?.id}/remove`);
}

async function secrets(studio: Studio, ada: Person): Promise<void> {
  const { t, services } = studio;
  const app = await newClient(studio.portal, { name: 'Mails' });
  const path = `/admin/apps/${app.id}`;
  await studio.visits('apps/secret', ada, `${path}/secret`);
  await services.appSecrets.rotate(app, OPERATOR);
  await studio.presses('apps/secret-stale', ada, t('admin-apps.secret-new'));
  await studio.visits('apps/secret-with-former', ada, `${path}/secret`);
  services.clientErrors.record(app.id, {
    ...{ endpoint: 'token', error: 'invalid_client' },
    detail: 'client authentication failed: invalid secret provided',
  });
  await studio.visits('apps/client-with-two-secrets', ada, path);
  await studio.visits('apps/secret-end', ada, `${path}/secret/end`);
  const open = await newClient(studio.portal, { name: 'Apps', authentication: 'none', requiresPkce: true });
  await studio.visits('apps/connect-public', ada, `/admin/apps/${open.id}/connect`);
}

async function handOvers(studio: Studio, ada: Person): Promise<void> {
  const { t, services } = studio;
  const origin = 'https://tickets.example.net';
  await studio.visits('apps/new-signed', ada, '/admin/apps/new/signed');
  ada.fillsIn(t('people.name'), 'Board');
  ada.fillsIn(t('audit-detail.origin'), origin);
  ada.chooses('Deskpro');
  await studio.presses('apps/new-signed-refused', ada, t('admin-apps.save'));
  ada.chooses('Zendesk');
  await studio.presses('apps/connect-signed', ada, t('admin-apps.save'));
  await studio.presses('apps/signed', ada, t('connect.saved'));
  const app = (await services.apps.all()).find((one) => one.origin === origin);
  await studio.visits('apps/edit-signed', ada, `/admin/apps/${app?.id}/edit/signed`);
  await studio.visits('apps/secret-signed', ada, `/admin/apps/${app?.id}/secret`);
  ada.fillsIn(t('page.optional', { label: t('admin-apps.secret-given') }), 'short');
  await studio.presses('apps/secret-signed-refused', ada, t('admin-apps.secret-new'));
}
