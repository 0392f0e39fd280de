import assert from 'node:assert/strict';
import type { App, SignedApp } from '../../src/apps/app.ts';
import { minutes } from '../../src/kernel/time.ts';
import { newClient } from '../support/oidc-apps.ts';
import type { Person } from '../support/person.ts';
import { OPERATOR, onBothStores, PASSWORD } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import { newEmail } from '../support/victim.ts';

const SAVED = 'I have put it into the app';
const NEW = 'Make a new secret';

onBothStores('Somebody who is after the secret of an app', (portal) => {
  let ada: Person;
  let number = 0;
  beforeEach(async () => {
    ada = await administrator();
  });

  const administrator = async () =>
    signsIn(portal(), (await portal().account(newEmail('ada'), 'administrator')).email);
  const client = () => newClient(portal());
  const secretsOf = (app: App) => portal().services.appSecrets.of(app);
  const shown = ({ page }: Person) => page.$('#app-secret').text();

  /** Makes a new secret; it is on the page that is open then. */
  async function rotates(app: App): Promise<string> {
    await ada.visits(`/admin/apps/${app.id}/secret`);
    await ada.presses(NEW);
    const secret = shown(ada);
    assert.match(secret, /^[\w-]{43}$/);
    return secret;
  }

  async function signedApp(): Promise<SignedApp> {
    number += 1;
    const origin = `https://tickets${number}.example.net`;
    const destination = `${origin}/access/jwt`;
    const created = await portal().services.apps.create(
      {
        ...{ kind: 'signed', name: `Tickets ${number}`, origin, audience: 'everybody', proof: 'none' },
        ...{ freshMinutes: null, confirmsEmail: true },
        signed: { format: 'zendesk', destination, toldGroups: [], startUrl: null },
      },
      OPERATOR,
    );
    assert.ok(created.kind === 'created' && created.app.kind === 'signed');
    return created.app;
  }

  it('finds it on no page once it is confirmed: not by Back, not by a reload, not by sending the form again', async () => {
    const app = await client();
    const secret = await rotates(app);
    assert.match(ada.page.headers['cache-control'] ?? '', /no-store/);
    await ada.visits(ada.page.path);
    assert.equal(shown(ada), secret, 'a reload before the confirmation shows it again');
    const confirmation = ada.form(SAVED);
    await ada.presses(SAVED);
    for (const path of ['', '/connect', '/secret', `/edit/oidc`]) {
      await ada.visits(`/admin/apps/${app.id}${path}`);
      assert.ok(!ada.page.$.html().includes(secret), path);
    }
    await ada.visits(`/admin/apps/${app.id}/secret`);
    const again = await ada.submitsRaw('POST', confirmation.action, confirmation.fields);
    assert.equal(again.status, 303);
    await ada.visits(`/admin/apps/${app.id}/connect`);
    assert.match(ada.page.text, /shown once, and cannot be shown again/);
  });

  it('finds it in no address, no log and no audit log', async () => {
    const app = await client();
    const secret = await rotates(app);
    await ada.presses(SAVED);
    assert.ok(ada.trail.every((line) => !line.includes(secret)));
    assert.ok(!portal().log().includes(secret));
    const { events } = await portal().services.audit.search({ page: 1, pageSize: 100 });
    assert.ok(!JSON.stringify(events).includes(secret));
    await ada.visits('/admin/audit');
    assert.ok(!ada.page.$.html().includes(secret));
  });

  it('does not see it as another administrator, in another browser of the same one, or at another app', async () => {
    const [app, other] = [await client(), await client()];
    const secret = await rotates(app);
    const bea = await administrator();
    await bea.visits(`/admin/apps/${app.id}/connect`);
    assert.equal(bea.page.status, 200);
    assert.ok(!bea.page.$.html().includes(secret));
    await ada.visits(`/admin/apps/${other.id}/connect`);
    assert.ok(!ada.page.$.html().includes(secret));
    const { email } = await portal().account(newEmail('ada'), 'administrator');
    const [first, second] = [await signsIn(portal(), email), await signsIn(portal(), email)];
    await first.visits(`/admin/apps/${app.id}/secret`);
    await first.presses(NEW);
    await second.visits(`/admin/apps/${app.id}/connect`);
    assert.ok(!second.page.$.html().includes(shown(first)));
  });

  it('does not see it after ten minutes, even with a new step-up', async () => {
    const app = await client();
    const secret = await rotates(app);
    portal().wait(minutes(10));
    await ada.visits(`/admin/apps/${app.id}/connect`);
    assert.ok(!ada.page.$.html().includes(secret));
    await ada.visits(`/admin/apps/${app.id}/secret`);
    ada.fillsIn('Password', PASSWORD);
    await ada.presses('Continue');
    await ada.visits(`/admin/apps/${app.id}/connect`);
    assert.ok(!ada.page.$.html().includes(secret));
  });

  it('makes none without a step-up, without a token, by GET, or as a member', async () => {
    const app = await client();
    const before = await secretsOf(app);
    const ann = await signsIn(portal(), (await portal().account(newEmail('ann'))).email);
    await ann.visits('/profile/password');
    for (const path of ['/secret', '/secret/end', '/connect', '/connect/saved', '/edit/oidc']) {
      const answer = await ann.submitsRaw('POST', `/admin/apps/${app.id}${path}`, { newest: '' });
      assert.ok([403, 405].includes(answer.status), `${path} ${answer.status}`);
    }
    await ada.visits(`/admin/apps/${app.id}/secret`);
    const { action, fields } = ada.form(NEW);
    for (const csrf of ['none', 'x'.repeat(36)]) {
      assert.equal((await ada.submitsRaw('POST', action, { ...fields, _csrf: csrf }, { csrf })).status, 403);
    }
    await ada.visits(`${action}?newest=`);
    portal().wait(minutes(10));
    const late = await ada.submitsRaw('POST', action, fields);
    assert.match(late.headers['location'] ?? '', /^\/step-up\?/);
    assert.deepEqual(await secretsOf(app), before);
  });

  it('ends no secret of an app that another administrator has rotated meanwhile', async () => {
    const app = await client();
    const bea = await administrator();
    await bea.visits(`/admin/apps/${app.id}/secret`);
    const secret = await rotates(app);
    const [, former] = await secretsOf(app);
    await bea.presses(NEW);
    assert.match(bea.page.text, /There is another secret by now. Nothing was done/);
    assert.deepEqual(await secretsOf(app), [secret, former]);
    await bea.presses(NEW);
    assert.deepEqual(await secretsOf(app), [shown(bea), secret], 'the form shows the present state now');
  });

  it('rotates once with twenty forms of one page, and what is shown is what is valid', async () => {
    const app = await client();
    const [first] = await secretsOf(app);
    await ada.visits(`/admin/apps/${app.id}/secret`);
    const answers = await ada.races(20, NEW);
    assert.equal(answers.filter(({ status }) => status === 303).length, 1);
    const [second, ...rest] = await secretsOf(app);
    assert.deepEqual(rest, [first]);
    const won = answers.find(({ status }) => status === 303);
    assert.ok(won && second);
    await ada.goesOnFrom(won);
    const { events } = await portal().services.audit.search({
      event: 'app.secret-rotated',
      page: 1,
      pageSize: 50,
    });
    assert.equal(events.filter(({ detail }) => detail['app'] === app.name).length, 1);
  });

  it('gets a page that says what is wrong for fields of another shape or size, and changes nothing', async () => {
    const app = await signedApp();
    const before = await secretsOf(app);
    await ada.visits(`/admin/apps/${app.id}/secret`);
    const { action, fields } = ada.form(NEW);
    for (const [name, value] of [
      ['secret', 'x'.repeat(1000)],
      ['secret', 'a secret with spaces in it, long enough'],
      ['secret', ['made-by-the-app-itself-1234', 'made-by-the-app-itself-1234']],
      ['newest', 'x'.repeat(1000)],
      ['newest', ['a', 'b']],
    ] as const) {
      const answer = await ada.submitsRaw('POST', action, { ...fields, [name]: value } as never);
      assert.equal(answer.status, 422, `${name} ${String(value).slice(0, 20)}`);
    }
    const unknown = await ada.submitsRaw('POST', action, { ...fields, newest: 'another' });
    assert.match(unknown.text, /There is another secret by now/);
    const large = await ada.submitsRaw('POST', action, { ...fields, secret: 'x'.repeat(1e6) });
    assert.ok(large.status === 413 || large.status === 422, String(large.status));
    assert.deepEqual(await secretsOf(app), before);
    for (const id of ['nobody', '%00', '../apps', 'x'.repeat(500)]) {
      const answer = await ada.submitsRaw('POST', `/admin/apps/${encodeURIComponent(id)}/secret`, fields);
      assert.ok([400, 404].includes(answer.status), `${id} ${answer.status}`);
    }
  });

  it('adds no app with fields of another shape or size', async () => {
    await ada.visits('/admin/apps/new/oidc');
    ada.fillsIn('Name', 'Shapes');
    ada.fillsIn('Address', 'https://shapes.example.net');
    ada.fillsIn('Redirect addresses', 'https://shapes.example.net/callback');
    const { action, fields } = ada.form('Save app');
    for (const [name, value] of [
      ['redirectUris', ['https://shapes.example.net/a', 'https://shapes.example.net/b']],
      ['redirectUris', `https://shapes.example.net/${'a'.repeat(3000)}`],
      ['redirectUris', 'javascript:alert(1)'],
      ['redirectUris', 'https://localhost:3000/callback\nhttp://localhost:3000/callback'],
      ['backchannelLogoutUri', ['https://a.example/', 'https://b.example/']],
      ['authentication', 'private_key_jwt'],
      ['idTokenAlgorithm', 'none'],
      ['requiresPkce', 'yes'],
      ['startUrl', 'https://shapes.example.net.evil.example/'],
    ] as const) {
      const answer = await ada.submitsRaw('POST', action, { ...fields, [name]: value } as never);
      assert.equal(answer.status, 422, `${name} ${String(value).slice(0, 40)}`);
    }
    assert.equal(await portal().services.apps.findByName('Shapes'), undefined);
    const answers = await ada.races(20, 'Save app');
    assert.equal(answers.filter(({ status }) => status === 303).length, 1);
    assert.equal(answers.filter(({ status }) => status === 422).length, 19);
    assert.equal((await portal().services.apps.all()).filter(({ name }) => name === 'Shapes').length, 1);
  });
});
