import assert from 'node:assert/strict';
import { days, minutes } from '../../src/kernel/time.ts';
import { newClient } from '../support/oidc-apps.ts';
import type { Person } from '../support/person.ts';
import { groupWith } from '../support/policies.ts';
import { OPERATOR, onPortal, PASSWORD } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import { newEmail } from '../support/victim.ts';

const SAVED = 'I have put it into the app';

onPortal('Apps that speak a protocol, in the administration', (portal) => {
  let ada: Person;
  beforeEach(async () => {
    ada = await signsIn(portal(), (await portal().account(newEmail('ada'), 'administrator')).email);
  });

  const found = async (name: string) => {
    const app = await portal().services.apps.findByName(name);
    assert.ok(app, name);
    return app;
  };
  const secretsOf = async (name: string) => portal().services.appSecrets.of(await found(name));
  const shownSecret = () => ada.page.$('#app-secret').text();
  const eventsAbout = async (name: string) => {
    const { events } = await portal().services.audit.search({ page: 1, pageSize: 50 });
    return events.filter(({ detail }) => detail['app'] === name);
  };
  const addsClient = async (name: string, origin: string) => {
    await ada.visits('/admin/apps');
    await ada.follow('Add an app');
    await ada.follow('OpenID Connect');
    ada.fillsIn('Name', name);
    ada.fillsIn('Address', origin);
    ada.fillsIn('Redirect addresses', `${origin}/auth/callback`);
  };

  it('are added with safe defaults; what to enter in the app is on the next page, with its secret', async () => {
    await addsClient('Desk', 'https://desk1.example.org');
    await ada.presses('Save app');
    const app = await found('Desk');
    assert.equal(ada.page.heading, 'Connect “Desk”');
    assert.equal(ada.page.path, `/admin/apps/${app.id}/connect`);
    assert.ok(app.kind === 'oidc');
    assert.deepEqual(app.client, {
      ...{ redirectUris: ['https://desk1.example.org/auth/callback'], postLogoutUris: [] },
      ...{ backchannelLogoutUri: null, startUrl: null, authentication: 'basic', requiresPkce: true },
      ...{ idTokenAlgorithm: 'RS256', asksConsent: false, mayRefresh: false, mayFormPost: false },
      toldGroups: [],
    });
    assert.equal(app.confirmsEmail, true, 'such apps find accounts by the address');
    const { baseUrl } = portal().services.site;
    for (const text of [
      ...[`${baseUrl}/oidc`, `${baseUrl}/oidc/.well-known/openid-configuration`, app.id],
      ...[`${baseUrl}/oidc/authorize`, `${baseUrl}/oidc/token`, `${baseUrl}/oidc/userinfo`],
      ...[`${baseUrl}/oidc/jwks`, `${baseUrl}/oidc/logout`, 'client_secret_basic', 'RS256'],
      ...['openid email profile groups', 'https://desk1.example.org/auth/callback', 'zammad.md'],
    ]) {
      assert.ok(ada.page.text.includes(text), text);
    }
    assert.deepEqual(await secretsOf('Desk'), [shownSecret()]);
  });

  it('have every setting in their form, and are edited from what they are', async () => {
    const agents = await groupWith(portal(), { rule: 'off' }, [], 'Agents of desk 2');
    await addsClient('Desk 2', 'https://desk2.example.org');
    ada.fillsIn(
      'Redirect addresses',
      ' https://desk2.example.org/a \r\n\r\nhttps://desk2.example.org/b\nhttp://localhost:8000/c ',
    );
    ada.fillsIn('Addresses after signing out (optional)', 'https://desk2.example.org/bye');
    ada.fillsIn('Back-channel logout address (optional)', 'https://desk2.example.org/logout');
    ada.fillsIn('Start page (optional)', 'https://desk2.example.org/login');
    ada.chooses('Secret in the body (client_secret_post)');
    ada.unticks('PKCE required');
    ada.chooses('ES256');
    ada.chooses('Ask people before the app learns who they are');
    ada.chooses('May stay signed in (refresh tokens)');
    ada.chooses('form_post allowed');
    ada.chooses('Agents of desk 2', 'Groups that the app is told of');
    await ada.presses('Save app');
    const app = await found('Desk 2');
    assert.ok(app.kind === 'oidc');
    assert.deepEqual(app.audience, 'everybody');
    const client = {
      redirectUris: [
        ...['https://desk2.example.org/a', 'https://desk2.example.org/b', 'http://localhost:8000/c'],
      ],
      ...{ postLogoutUris: ['https://desk2.example.org/bye'], toldGroups: [agents.id] },
      ...{ backchannelLogoutUri: 'https://desk2.example.org/logout', authentication: 'post' },
      ...{ startUrl: 'https://desk2.example.org/login', requiresPkce: false, idTokenAlgorithm: 'ES256' },
      ...{ asksConsent: true, mayRefresh: true, mayFormPost: true },
    };
    assert.deepEqual(app.client, client);
    assert.ok(ada.page.text.includes('offline_access'));
    await ada.presses(SAVED);
    assert.match(ada.page.text, /No: codes are not protected/);
    assert.equal(
      ada.page.links.find(({ text }) => text === 'Open the app as yourself')?.href,
      'https://desk2.example.org/login',
    );
    await ada.follow('Edit app');
    await ada.presses('Save app');
    assert.match(ada.page.text, /No changes to save/);
    assert.deepEqual((await found('Desk 2')).kind === 'oidc' && app.client, client);
    await ada.follow('Edit app');
    ada.unticks('form_post allowed');
    ada.fillsIn('Start page (optional)', '');
    await ada.presses('Save app');
    assert.match(ada.page.text, /The app has been saved/);
    const [event] = await eventsAbout('Desk 2');
    assert.deepEqual(event?.detail, {
      ...{ app: 'Desk 2', 'form-post': 'on → off' },
      'start-page': 'https://desk2.example.org/login → –',
    });
    await ada.visits('/admin/audit');
    assert.match(ada.page.text, /form_post allowed: .*On.*Off/i);
  });

  it('are refused with an error at the field, and what was typed stays', async () => {
    const errorsFor = async (fields: Readonly<Record<string, string>>) => {
      await addsClient('Bad', 'https://bad.example.org');
      for (const [label, text] of Object.entries(fields)) ada.fillsIn(label, text);
      await ada.presses('Save app');
      assert.equal(ada.page.status, 422);
      for (const [label, text] of Object.entries(fields)) assert.equal(ada.page.value(label), text);
      return ada.page.text;
    };
    const redirects = 'Redirect addresses';
    assert.match(await errorsFor({ [redirects]: '' }), /at least one redirect address/);
    assert.match(await errorsFor({ [redirects]: 'https://bad.example.org/#a' }), /has a “#”/);
    assert.match(await errorsFor({ [redirects]: 'https://*.example.org/' }), /has a “\*”/);
    assert.match(await errorsFor({ [redirects]: 'http://bad.example.org/' }), /is not https/);
    assert.match(await errorsFor({ [redirects]: 'https://ann@bad.example.org/' }), /has a user name/);
    const twice = 'https://a.example/\nhttps://a.example/';
    assert.match(await errorsFor({ [redirects]: twice }), /https:\/\/a\.example\/ is there twice/);
    const many = Array.from({ length: 11 }, (_, index) => `https://a.example/${index}`).join('\n');
    assert.match(await errorsFor({ [redirects]: many }), /at most 10 addresses/);
    assert.match(
      await errorsFor({ 'Start page (optional)': 'https://elsewhere.example/' }),
      /https:\/\/elsewhere\.example\/ is not at the app’s address/,
    );
    assert.match(
      await errorsFor({ 'Back-channel logout address (optional)': 'x' }),
      /x is not a whole address/,
    );
    await addsClient('Bad', 'https://bad.example.org');
    ada.chooses('No secret: a public client, with PKCE (none)');
    ada.unticks('PKCE required');
    await ada.presses('Save app');
    assert.equal(ada.page.status, 422);
    assert.match(ada.page.text, /A public client has no secret, so it needs PKCE/);
    assert.equal(await portal().services.apps.findByName('Bad'), undefined);
  });

  it('that take a signed hand-over have the format’s address, and may have a secret of their own', async () => {
    await ada.visits('/admin/apps/new');
    await ada.follow('Signed hand-over (Zendesk, Deskpro, Help Scout Docs, Discourse)');
    ada.fillsIn('Name', 'Tickets');
    ada.fillsIn('Address', 'https://tickets.example.org');
    ada.chooses('Zendesk');
    await ada.presses('Save app');
    const app = await found('Tickets');
    assert.ok(app.kind === 'signed');
    assert.equal(app.signed.destination, 'https://tickets.example.org/access/jwt');
    assert.match(ada.page.text, /This app usually makes the secret itself/);
    for (const text of [
      `${portal().services.site.baseUrl}/apps/${app.id}/sign-in`,
      'HS256',
      'docs/apps/zendesk.md',
    ]) {
      assert.ok(ada.page.text.includes(text), text);
    }
    await ada.presses(SAVED);
    await ada.follow('Make a new secret');
    ada.fillsIn('The app’s own secret (optional)', 'short');
    await ada.presses('Make a new secret');
    assert.equal(ada.page.status, 422);
    assert.match(ada.page.text, /22 to 256 characters/);
    assert.ok(!ada.page.$.html().includes('value="short"'), 'a secret is not shown again');
    const own = 'f3a9-a-secret-that-zendesk-made-itself';
    ada.fillsIn('The app’s own secret (optional)', ` ${own} `);
    await ada.presses('Make a new secret');
    assert.match(ada.page.text, /The app’s secret has been saved/);
    assert.equal((await secretsOf('Tickets'))[0], own);
    assert.ok(!ada.page.$.html().includes(own));
    await ada.visits('/admin/apps/new/signed');
    ada.fillsIn('Name', 'Deskpro');
    ada.fillsIn('Address', 'https://deskpro.example.org');
    ada.chooses('Deskpro');
    await ada.presses('Save app');
    assert.match(ada.page.text, /Give the address that takes the hand-over/);
    ada.fillsIn('Address that takes the hand-over (optional)', 'https://other.example.org/jwt');
    await ada.presses('Save app');
    assert.match(ada.page.text, /is not at the app’s address/);
    ada.fillsIn('Address that takes the hand-over (optional)', 'https://deskpro.example.org/jwt');
    await ada.presses('Save app');
    assert.equal(ada.page.heading, 'Connect “Deskpro”');
  });

  it('that take a signed hand-over are shown with the algorithm that signs it', async () => {
    await ada.visits('/admin/apps/new/signed');
    ada.fillsIn('Name', 'Manual');
    ada.fillsIn('Address', 'https://manual.example.org');
    ada.chooses('Help Scout Docs');
    await ada.presses('Save app');
    assert.match(ada.page.text, /JWT, HS512/);
  });

  it('get a new secret, beside which the old one is valid for a week or until it is stopped', async () => {
    const app = await newClient(portal(), { name: 'Rotated' });
    const [first] = await secretsOf('Rotated');
    await ada.visits(`/admin/apps/${app.id}`);
    await ada.follow('Make a new secret');
    assert.match(ada.page.text, /The present one stays valid for a week/);
    await ada.presses('Make a new secret');
    const second = shownSecret();
    assert.deepEqual(await secretsOf('Rotated'), [second, first]);
    await ada.presses(SAVED);
    assert.match(ada.page.text, /Former secret\s+Valid until/);
    await ada.follow('Make a new secret');
    assert.match(ada.page.text, /There are two secrets now/);
    await ada.visits(`/admin/apps/${app.id}`);
    await ada.follow('Stop the old one now');
    await ada.presses('Stop the old one now');
    assert.match(ada.page.text, /The old secret is no longer valid/);
    assert.doesNotMatch(ada.page.text, /Former secret/);
    assert.deepEqual(await secretsOf('Rotated'), [second]);
    assert.deepEqual(
      (await eventsAbout('Rotated')).map(({ event }) => event),
      ['app.secret-ended', 'app.secret-rotated', 'app.created'],
    );
    assert.equal((await ada.visits(`/admin/apps/${app.id}/secret/end`)).status, 404);
  });

  it('forget the old secret by themselves after a week', async () => {
    const app = await newClient(portal(), { name: 'Aged' });
    await portal().services.appSecrets.rotate(app, OPERATOR);
    await ada.visits(`/admin/apps/${app.id}`);
    assert.match(ada.page.text, /Former secret/);
    portal().wait(days(7));
    ada = await signsIn(portal(), (await portal().account(newEmail('ada'), 'administrator')).email);
    await ada.visits(`/admin/apps/${app.id}`);
    assert.doesNotMatch(ada.page.text, /Former secret/);
  });

  it('show the new secret when a public client gets one', async () => {
    const app = await newClient(portal(), { name: 'Opened', authentication: 'none' });
    assert.deepEqual(await secretsOf('Opened'), []);
    await ada.visits(`/admin/apps/${app.id}/connect`);
    assert.match(ada.page.text, /This client is public: it has no secret/);
    await ada.visits(`/admin/apps/${app.id}/edit/oidc`);
    ada.chooses('Secret in the header (client_secret_basic)');
    await ada.presses('Save app');
    assert.equal(ada.page.heading, 'Connect “Opened”');
    assert.deepEqual(await secretsOf('Opened'), [shownSecret()]);
  });

  it('are kept during a step-up, all of their addresses with them', async () => {
    await addsClient('Kept client', 'https://kept.example.org');
    const lines = ['https://kept.example.org/a', 'https://kept.example.org/b'].join('\n');
    ada.fillsIn('Redirect addresses', lines);
    ada.unticks('PKCE required');
    portal().wait(minutes(10));
    await ada.presses('Save app');
    assert.equal(ada.page.path.split('?')[0], '/step-up');
    ada.fillsIn('Password', PASSWORD);
    await ada.presses('Continue');
    assert.equal(ada.page.value('Redirect addresses').replaceAll('\r', ''), lines);
    await ada.presses('Save app');
    const app = await found('Kept client');
    assert.ok(app.kind === 'oidc' && !app.client.requiresPkce);
  });

  it('tell the administrators by email when they protect a sign-in less', async () => {
    const app = await newClient(portal(), { name: 'Weakened' });
    const other = await portal().account(newEmail('bea'), 'administrator');
    await ada.visits(`/admin/apps/${app.id}/edit/oidc`);
    ada.unticks('PKCE required');
    await ada.presses('Save app');
    await portal().deliver();
    const subjects = portal()
      .mailbox.sentTo(other.email)
      .map(({ subject }) => subject);
    assert.equal(subjects.length, 1);
    assert.match(subjects[0] ?? '', /./);
  });

  it('show what the provider has refused them, and why', async () => {
    const app = await newClient(portal(), { name: 'Faulty' });
    await ada.visits(`/admin/apps/${app.id}`);
    assert.match(ada.page.text, /There were no errors/);
    const refused = { endpoint: 'token', error: 'invalid_client', detail: '<b>client</b> secret is wrong' };
    for (const _time of [1, 2]) portal().services.clientErrors.record(app.id, refused);
    await ada.visits(`/admin/apps/${app.id}`);
    assert.match(ada.page.text, /token: invalid_client\s+2\s+<b>client<\/b> secret is wrong/);
    assert.equal(ada.page.$('td bdi[lang=en]').length, 2);
  });

  it('have forms of their own kind alone', async () => {
    const app = await newClient(portal(), { name: 'One kind' });
    for (const path of ['edit/host', 'edit/signed', 'proxy', 'secret/end']) {
      assert.equal((await ada.visits(`/admin/apps/${app.id}/${path}`)).status, 404, path);
    }
    const open = await newClient(portal(), { name: 'No secret', authentication: 'none' });
    assert.equal((await ada.visits(`/admin/apps/${open.id}/secret`)).status, 404);
    await ada.visits(`/admin/apps/${app.id}`);
    assert.ok(!ada.page.buttons.includes('Check now'));
    await ada.follow('Remove app');
    assert.match(ada.page.text, /Nobody can sign in to https:\/\/\S+ from here after that/);
    await ada.presses('Remove app');
    assert.equal((await ada.visits(`/admin/apps/${app.id}/connect`)).status, 404);
  });
});
