import type { Account } from '../../../src/accounts/account.ts';
import type { HostApp, OidcApp } from '../../../src/apps/app.ts';
import type { HostAppInput } from '../../../src/apps/apps.ts';
import { hashToken } from '../../../src/kernel/identifiers.ts';
import { minutes } from '../../../src/kernel/time.ts';
import { PROXIES } from '../../../src/pages/admin/apps/proxy-recipes.ts';
import { newApp } from '../../support/guarded-apps.ts';
import { newClient } from '../../support/oidc-apps.ts';
import { groupWith, siteRuleIs } from '../../support/policies.ts';
import { OPERATOR } from '../../support/portal.ts';
import { enrolsApp, enrolsEmail, mailedCode } from '../../support/victim.ts';
import { appsWithProtocols } from './apps-with-protocols.ts';
import { LONG } from './long-words.ts';
import type { Studio } from './studio.ts';

/** The way to an app: what is asked for, and what cannot be met. */
export async function apps(studio: Studio): Promise<void> {
  await siteRuleIs(studio.portal, { rule: 'optional' });
  await enrolling(studio);
  await confirming(studio);
  await steppingUp(studio);
  await refused(studio);
  await atHome(studio);
  await administrated(studio);
  await appsWithProtocols(studio);
}

function app({ portal }: Studio, name: string, input: Partial<HostAppInput> = {}): Promise<HostApp> {
  const label = name.toLowerCase().replaceAll(' ', '-');
  return newApp(portal, { name, origin: `https://${label}.example.net`, ...input });
}

/** What an app's host leads to. */
function addressOf({ host }: HostApp): string {
  return `/apps/open?host=${host}&nonce=${'n'.repeat(43)}&path=%2F`;
}

function newcomer(studio: Studio, email: string): Promise<Account> {
  return studio.account({ email, name: 'Nils Newcomer' });
}

async function enrolling(studio: Studio): Promise<void> {
  const any = await app(studio, 'Team wiki', { proof: 'second step' });
  const strong = await app(studio, 'Payroll', { proof: 'strong' });
  await studio.visits('app/sign-in', studio.browser(), addressOf(any));
  const person = await studio.signsIn(await newcomer(studio, 'way-nils@example.org'));
  await studio.visits('app/enrol', person, addressOf(any));
  await studio.visits('app/enrol-strong', person, addressOf(strong));
}

async function confirming(studio: Studio): Promise<void> {
  const { t, portal } = studio;
  const desk = await app(studio, 'Ticket desk', { confirmsEmail: true });
  const account = await newcomer(studio, 'way-nora@example.org');
  const person = await studio.signsIn(account);
  await studio.visits('app/confirm-email', person, addressOf(desk));
  await studio.presses('app/confirm-email-sent', person, t('code.send'));
  const code = await mailedCode(portal, account.email);
  person.fillsIn(t('page.verification-code'), code === '123456' ? '654321' : '123456');
  await studio.presses('app/confirm-email-wrong', person, t('code.submit'));
  await studio.visits('app/confirm-email-alone', person, '/apps/confirm-email');
}

async function steppingUp(studio: Studio): Promise<void> {
  const { t, portal } = studio;
  const fresh = await app(studio, 'Accounts ledger', { freshMinutes: 5 });
  const strong = await app(studio, 'Vault', { proof: 'strong' });
  const account = await newcomer(studio, 'way-noah@example.org');
  await enrolsEmail(portal, account);
  const person = await studio.signsIn(account);
  person.fillsIn(t('page.verification-code'), await mailedCode(portal, account.email));
  await person.presses(t('code.submit'));
  await enrolsApp(portal, account);
  await studio.visits('app/code-strong', person, addressOf(strong));
  portal.wait(minutes(6));
  await studio.visits('app/code', person, addressOf(fresh));
  portal.wait(minutes(10));
  await studio.visits('app/step-up', person, addressOf(fresh));
}

async function refused(studio: Studio): Promise<void> {
  const { portal } = studio;
  const group = await groupWith(portal, { rule: 'off' }, [], 'Board');
  const minutesOfBoard = await app(studio, 'Board minutes', { audience: [group.id] });
  const safe = await app(studio, 'Safe', { proof: 'strong' });
  const person = await studio.signsIn(await newcomer(studio, 'way-nick@example.org'));
  await studio.visits('app/not-a-member', person, addressOf(minutesOfBoard));
  await siteRuleIs(portal, { rule: 'optional', methods: ['email'] });
  await studio.visits('app/impossible', person, addressOf(safe));
}

/** Somebody's apps, and leaving them: on a site with these apps alone. */
async function atHome(studio: Studio): Promise<void> {
  const { t, services } = studio;
  for (const { id } of await services.apps.all()) {
    const found = await services.apps.find(id);
    if (found) await services.apps.remove(found, OPERATOR);
  }
  await siteRuleIs(studio.portal, { rule: 'optional' });
  const wiki = await app(studio, 'Wiki of the team');
  const account = await newcomer(studio, 'way-nina@example.org');
  const person = await studio.signsIn(account);
  await studio.visits('app/only-one', person, '/apps/start');
  await studio.visits('app/again', person, `/apps/again?host=${wiki.host}`);
  await studio.visits('app/sign-out-of-nothing', person, '/apps/sign-out');
  await app(studio, LONG.authenticator, { origin: `https://${'long-'.repeat(11)}name.example.net` });
  await studio.visits('app/home', person, '/');
  await signsInToApp(studio, account, wiki);
  // Nobody delivers in these states, so the first one stays untold.
  const told = 'https://tickets.example.net/logout';
  const tickets = await newClient(studio.portal, { name: 'Tickets', backchannelLogoutUri: told });
  const clients = [tickets, await newClient(studio.portal, { name: 'Phone book' })];
  for (const client of clients) await signsInToClient(studio, account, client);
  await studio.visits('app/sign-out', person, '/apps/sign-out');
  await studio.presses('app/signed-out', person, t('apps.sign-out-button'));
}

/** Signs the person's newest sign-in in to the app, as its host does. */
async function signsInToApp({ services }: Studio, account: Account, { id, host }: HostApp): Promise<void> {
  const [signIn] = await services.signIns.of(account);
  if (!signIn) throw new Error('Nobody is signed in.');
  const bound = { signInId: signIn.id, accountId: account.id, nonceHash: hashToken('nonce'), path: '/' };
  const code = await services.handOvers.issue({ app: { id }, ...bound });
  await services.handOvers.redeem({ code, host, nonces: ['nonce'] }, OPERATOR.origin);
}

/** The same for a client, as the provider does it. */
async function signsInToClient({ services }: Studio, account: Account, client: OidcApp): Promise<void> {
  const [signIn] = await services.signIns.of(account);
  if (!signIn) throw new Error('Nobody is signed in.');
  const visit = { account, signInId: signIn.id, origin: OPERATOR.origin };
  await services.clientSignIns.record(client, visit);
}

/** Apps as an administrator sees them. */
async function administrated(studio: Studio): Promise<void> {
  const { t, services } = studio;
  const ada = await studio.signsIn({ email: 'ada@example.org' });
  await studio.visits('apps/list', ada, '/admin/apps');
  const [wiki, long] = (await services.apps.all()).filter(({ kind }) => kind === 'host');
  if (!wiki || !long) throw new Error('There are two apps.');
  await studio.visits(
    'apps/used',
    ada,
    `/admin/apps/${[wiki, long].find(({ lastSignInAt }) => lastSignInAt)?.id}`,
  );
  const unused = [wiki, long].find(({ lastSignInAt }) => lastSignInAt === null)?.id;
  await studio.visits('apps/unused', ada, `/admin/apps/${unused}`);
  await studio.visits('apps/edit', ada, `/admin/apps/${unused}/edit/host`);
  await studio.visits('apps/remove', ada, `/admin/apps/${unused}/remove`);
  await studio.visits('apps/new', ada, '/admin/apps/new/host');
  ada.fillsIn(t('audit-detail.origin'), 'wiki');
  ada.fillsIn(t('page.optional', { label: t('audit-detail.fresh-minutes') }), '4');
  ada.chooses(t('admin-apps.audience-groups'));
  await studio.presses('apps/new-refused', ada, t('admin-apps.save'));
  for (const proxy of PROXIES) {
    await studio.visits(`apps/proxy-${proxy}`, ada, `/admin/apps/${unused}/proxy?proxy=${proxy}`);
  }
  // Nothing listens there.
  const away = await newApp(studio.portal, { name: 'Away', origin: 'http://127.0.0.1:1' });
  await ada.visits(`/admin/apps/${away.id}`);
  await studio.presses('apps/checked', ada, t('admin-apps.check'));
  const group = await groupWith(studio.portal, { rule: 'off' }, [], 'Wiki readers');
  await services.apps.update(away.id, { ...away, audience: [group.id] }, OPERATOR);
  await studio.visits('group/delete-with-apps', ada, `/admin/groups/${group.id}/delete`);
}
