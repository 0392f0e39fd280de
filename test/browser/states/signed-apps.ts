import { signInPathOf } from '../../../src/apps/signed-hand-over.ts';
import { signedRequest } from '../../support/fake-desk-formats.ts';
import { siteRuleIs } from '../../support/policies.ts';
import { newSignedApp } from '../../support/signed-apps.ts';
import type { Studio } from './studio.ts';

const FORUM = 'https://forum.example.net';

/** The way to apps that take signed hand-overs: the page with the button, and what is wrong between the app and this site. */
export async function signedApps(studio: Studio): Promise<void> {
  const { portal } = studio;
  await siteRuleIs(portal, { rule: 'optional' });
  const person = await studio.signsIn(
    await studio.account({ email: 'signed-sam@example.org', name: 'Sam Signed' }),
  );
  const boss = await studio.signsIn({ email: 'ada@example.org' });
  const desk = await newSignedApp(portal, 'zendesk', 'https://desk.example.net', { name: 'Support desk' });
  await studio.visits('signed/hand-over', person, signInPathOf(desk.id));
  const elsewhere = `${signInPathOf(desk.id)}?return_to=https%3A%2F%2Felsewhere.example%2F`;
  await studio.visits('signed/elsewhere', person, elsewhere);
  await studio.visits('signed/elsewhere-for-administrators', boss, elsewhere);

  const forum = await newSignedApp(portal, 'discourse', FORUM, { name: 'Forum' });
  const forged = signedRequest({ secret: 'another' }, { nonce: 'n', return_sso_url: FORUM });
  const request = `${signInPathOf(forum.id)}?${new URLSearchParams(forged)}`;
  await studio.visits('signed/bad-signature', boss, request);
  await studio.visits('signed/malformed', boss, `${signInPathOf(forum.id)}?sso=x`);
  await portal.services.appSecrets.drop(forum);
  await studio.visits('signed/no-secret', person, request);
  await studio.visits('signed/no-secret-for-administrators', boss, request);
}
