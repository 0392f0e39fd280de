import type { OidcApp } from '../../../src/apps/app.ts';
import { type ClientInput, newClient } from '../../support/oidc-apps.ts';
import { groupWith, siteRuleIs } from '../../support/policies.ts';
import { OPERATOR } from '../../support/portal.ts';
import { LONG } from './long-words.ts';
import type { Studio } from './studio.ts';

/** The way to an OpenID Connect app: consent, errors, and what is lost. */
export async function openId(studio: Studio): Promise<void> {
  await siteRuleIs(studio.portal, { rule: 'off' });
  await asked(studio);
  await refused(studio);
  await failed(studio);
  await posted(studio);
  await signingOut(studio);
  for (const { id } of await studio.services.apps.all()) {
    const app = await studio.services.apps.find(id);
    if (app) await studio.services.apps.remove(app, OPERATOR);
  }
  await siteRuleIs(studio.portal, { rule: 'optional' });
}

function client({ portal }: Studio, name: string, input: ClientInput = {}): Promise<OidcApp> {
  return newClient(portal, { name, origin: 'https://desk.example.net', ...input });
}

/** What the app's button leads to. */
function requestOf({ id, client }: OidcApp, changes: Readonly<Record<string, string>> = {}): string {
  const request = {
    ...{ client_id: id, redirect_uri: client.redirectUris[0] ?? '', response_type: 'code', state: 's' },
    ...{ scope: 'openid profile email groups offline_access' },
    ...{ code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' },
    ...changes,
  };
  return `/oidc/authorize?${new URLSearchParams(request)}`;
}

async function asked(studio: Studio): Promise<void> {
  const { t, portal, services } = studio;
  const account = await studio.account({ email: 'oidc-cora@example.org', name: 'Cora Consents' });
  const groups = [
    await groupWith(portal, { rule: 'off' }, [], 'Partners'),
    await groupWith(portal, { rule: 'off' }, [], LONG.authenticator),
  ];
  for (const group of groups) await services.groups.add(group, account, OPERATOR);
  const asking = { asksConsent: true, mayRefresh: true, toldGroups: groups.map(({ id }) => id) };
  const desk = await client(studio, 'Partner desk', asking);
  const long = await client(studio, LONG.authenticator.toUpperCase(), {
    ...asking,
    origin: `https://${'long-'.repeat(11)}name.example.net`,
  });
  const cora = await studio.signsIn(account);
  await studio.visits('open-id/consent', cora, requestOf(desk));
  const stranger = await studio.signsIn(
    await studio.account({ email: `oidc.${LONG.email}`, name: LONG.name }),
  );
  await studio.visits('open-id/consent-long', stranger, requestOf(long));
  await cora.visits(requestOf(desk));
  const { path } = cora.page;
  await cora.presses(t('consent.refuse'));
  await studio.visits('open-id/lost', cora, path);
  await studio.visits('open-id/lost-unknown', cora, '/apps/authorize?uid=x');
  for (const group of groups) await services.groups.remove(group, OPERATOR);
}

async function refused(studio: Studio): Promise<void> {
  const group = await groupWith(studio.portal, { rule: 'off' }, [], 'Directors');
  const figures = await client(studio, 'Figures of the year', { audience: [group.id] });
  const account = await studio.account({ email: 'oidc-rita@example.org', name: 'Rita Refused' });
  await studio.visits('open-id/refused', await studio.signsIn(account), requestOf(figures));
  await studio.services.groups.remove(group, OPERATOR);
}

async function failed(studio: Studio): Promise<void> {
  const shop = await client(studio, 'Spare parts');
  const nobody = studio.browser();
  const wrong = { redirect_uri: `https://desk.example.net/${'wrong-'.repeat(15)}callback` };
  await studio.visits('open-id/error', nobody, requestOf(shop, wrong));
  await studio.visits('open-id/error-unknown', nobody, requestOf(shop, { client_id: 'x'.repeat(26) }));
  const ada = await studio.signsIn({ email: 'ada@example.org' });
  await studio.visits('open-id/error-redirect', ada, requestOf(shop, wrong));
  await studio.visits('open-id/error-client', ada, requestOf(shop, { client_id: 'x'.repeat(80) }));
}

async function posted(studio: Studio): Promise<void> {
  const library = await client(studio, 'Library', { mayFormPost: true });
  const account = await studio.account({ email: 'oidc-fred@example.org', name: 'Fred Forms' });
  const fred = await studio.signsIn(account);
  await studio.visits('open-id/form-post', fred, requestOf(library, { response_mode: 'form_post' }));
}

async function signingOut(studio: Studio): Promise<void> {
  const forum = await client(studio, 'Partner desk 2');
  const account = await studio.account({ email: 'oidc-lou@example.org', name: 'Lou Leaves' });
  const lou = await studio.signsIn(account);
  const address = (changes: Readonly<Record<string, string>>) =>
    `/oidc/logout?${new URLSearchParams({ client_id: forum.id, ...changes })}`;
  await studio.visits('open-id/sign-out', lou, address({}));
  const ada = await studio.signsIn({ email: 'ada@example.org' });
  const wrong = `https://desk.example.net/${'wrong-'.repeat(15)}bye`;
  await studio.visits('open-id/sign-out-wrong', ada, address({ post_logout_redirect_uri: wrong }));
}
