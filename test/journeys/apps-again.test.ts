import assert from 'node:assert/strict';
import { minutes } from '../../src/kernel/time.ts';
import { AppHost, appWith, onAppsBehindProxy } from '../support/app-host.ts';
import { Person } from '../support/person.ts';
import { signsIn } from '../support/steps.ts';
import { newEmail } from '../support/victim.ts';

onAppsBehindProxy('A sign-in that an app cannot take over', ({ portal, proxy }) => {
  const signedIn = async () => signsIn(portal(), (await portal().account(newEmail('ann'))).email);

  /** The redirect of the app's host for this address. */
  async function leadsTo(host: AppHost, address: string): Promise<string> {
    const { status, headers } = await host.follows(address);
    assert.equal(status, 303);
    return headers.location ?? '';
  }

  it('starts again at the app when it is used twice (the Back button)', async () => {
    const app = await appWith(portal());
    const host = new AppHost(proxy(), app);
    const ann = await signedIn();
    await ann.visits(await host.leadsToPortal());
    const finish = ann.page.headers['location'] ?? '';
    assert.equal(await leadsTo(host, finish), `${app.origin}/`);
    await ann.visits(await leadsTo(host, finish));
    assert.equal(ann.page.status, 200);
    assert.equal(ann.page.heading, `Start again from “${app.name}”`);
    assert.deepEqual(
      ann.page.links.filter(({ text }) => text === `Open “${app.name}”`).map(({ href }) => href),
      [`${app.origin}/`],
    );
    assert.equal((await host.check()).status, 200, 'the first use still counts');
  });

  it('starts again after a minute', async () => {
    const app = await appWith(portal());
    const host = new AppHost(proxy(), app);
    const ann = await signedIn();
    await ann.visits(await host.leadsToPortal());
    portal().wait(minutes(1));
    assert.match(await leadsTo(host, ann.page.headers['location'] ?? ''), /\/apps\/again\?host=/);
    await ann.visits(await host.leadsToPortal());
    assert.equal(await host.takesOver(ann), `${app.origin}/`);
  });

  it('starts again in another browser, and without a cookie of the app’s host', async () => {
    const app = await appWith(portal());
    const ann = await signedIn();
    await ann.visits(await new AppHost(proxy(), app).leadsToPortal());
    const finish = ann.page.headers['location'] ?? '';
    const other = new AppHost(proxy(), app);
    await other.leadsToPortal();
    for (const host of [other, new AppHost(proxy(), app)]) {
      const stranger = new Person(portal().app);
      await stranger.visits(await leadsTo(host, finish));
      assert.equal(stranger.page.heading, `Start again from “${app.name}”`);
      assert.equal(stranger.cookies.size, 0, 'the page starts no session');
      assert.equal((await host.check()).status, 303);
    }
  });

  it('says so in French, and nothing about a host without an app', async () => {
    const app = await appWith(portal());
    const reader = new Person(portal().app, { acceptLanguage: 'fr' });
    await reader.visits(`/apps/again?host=${app.host}`);
    assert.equal(reader.page.heading, `Recommencez depuis « ${app.name} »`);
    for (const query of ['', '?host=evil.example.org', `?host=${app.host}&host=evil.example.org`]) {
      await reader.visits(`/apps/again${query}`);
      assert.equal(reader.page.status, 404, query);
    }
  });
});

onAppsBehindProxy('Signing out of an app', ({ portal, proxy }) => {
  async function signedInTo(count: number) {
    const { email } = await portal().account(newEmail('ann'));
    const ann = await signsIn(portal(), email);
    const apps = [];
    for (let number = 0; number < count; number++) {
      const app = await appWith(portal());
      const host = new AppHost(proxy(), app);
      await ann.visits(await host.leadsToPortal());
      await host.takesOver(ann);
      apps.push({ app, host });
    }
    return { ann, apps };
  }

  it('leads to a page that lists what ends; its button ends it everywhere', async () => {
    const { ann, apps } = await signedInTo(2);
    const [one, other] = apps;
    assert.ok(one && other);
    const { status, headers } = await one.host.follows(`${one.app.origin}/.postern/sign-out`);
    assert.equal(status, 303);
    await ann.visits(headers.location ?? '');
    assert.equal(ann.page.heading, 'Sign out');
    for (const { app, host } of apps) {
      assert.match(ann.page.text, new RegExp(app.name));
      assert.equal((await host.check()).status, 200, 'a page that is read ends nothing');
    }
    await ann.presses('Sign out now');
    assert.equal(ann.page.heading, 'You are signed out');
    assert.match(
      ann.page.text,
      new RegExp(`You are also signed out of ${one.app.name} and ${other.app.name}\\.`),
    );
    for (const { host } of apps) assert.equal((await host.check()).status, 303);
    await ann.visits('/profile');
    assert.equal(ann.page.path.split('?')[0], '/sign-in');
  });

  it('names the apps after the button of the account menu, too, and none if there are none', async () => {
    const { ann, apps } = await signedInTo(1);
    await ann.visits('/profile');
    await ann.presses('Sign out');
    assert.match(ann.page.text, new RegExp(`also signed out of ${apps[0]?.app.name}\\.`));
    const { ann: bob } = await signedInTo(0);
    await bob.visits('/profile');
    await bob.presses('Sign out');
    assert.doesNotMatch(bob.page.text, /also signed out/);
  });

  it('redirects a signed-out person to the page that says so', async () => {
    const app = await appWith(portal());
    const nobody = new Person(portal().app);
    await nobody.visits(`/apps/sign-out?host=${app.host}`);
    assert.equal(nobody.page.heading, 'You are signed out');
  });

  it('keeps other browsers of the same person signed in', async () => {
    const { email } = await portal().account(newEmail('ann'));
    const app = await appWith(portal());
    const browsers = [];
    for (let number = 0; number < 2; number++) {
      const person = await signsIn(portal(), email);
      const host = new AppHost(proxy(), app);
      await person.visits(await host.leadsToPortal());
      await host.takesOver(person);
      browsers.push({ person, host });
    }
    const [first, second] = browsers;
    await first?.person.visits('/apps/sign-out');
    await first?.person.presses('Sign out now');
    assert.equal((await first?.host.check())?.status, 303);
    assert.equal((await second?.host.check())?.status, 200);
  });
});
