import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { minutes } from '../../src/kernel/time.ts';
import { PROXIES } from '../../src/pages/admin/apps/proxy-recipes.ts';
import { AppHost, appWith, onAppsBehindProxy } from '../support/app-host.ts';
import type { Person } from '../support/person.ts';
import { groupWith } from '../support/policies.ts';
import { OPERATOR, PASSWORD } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import { newEmail } from '../support/victim.ts';

onAppsBehindProxy('Apps in the administration', ({ portal, proxy }) => {
  let ada: Person;
  beforeEach(async () => {
    ada = await signsIn(portal(), (await portal().account(newEmail('ada'), 'administrator')).email);
  });

  const found = (name: string) => portal().services.apps.findByName(name);
  const eventsOf = async (event: 'app.created' | 'app.updated' | 'app.removed', app: string) => {
    const { events } = await portal().services.audit.search({ event, page: 1, pageSize: 50 });
    return events.filter(({ detail }) => detail['app'] === app).length;
  };

  it('are added by a form that leads to the configuration of the proxy, and are listed then', async () => {
    const agents = await groupWith(portal(), { rule: 'off' }, [], 'Agents');
    await ada.visits('/admin/apps');
    assert.match(ada.page.text, /There are no apps yet/);
    await ada.follow('Add an app');
    await ada.follow('Behind a proxy');
    ada.fillsIn('Name', 'Team wiki');
    ada.fillsIn('Address', ' https://WIKI.example.com/ ');
    ada.chooses('Members of the groups below', 'For');
    ada.chooses('Agents');
    ada.chooses('A strong second step');
    ada.fillsIn('Signed in within minutes (optional)', '15');
    ada.chooses('Confirmed email address required');
    ada.chooses('Account id');
    await ada.presses('Save app');
    assert.equal(ada.page.heading, 'Proxy configuration for “Team wiki”');
    assert.match(ada.page.text, /The app has been added/);
    const app = await found('Team wiki');
    assert.ok(app);
    assert.deepEqual(
      { ...app, id: '', createdAt: 0 },
      {
        ...{ id: '', name: 'Team wiki', kind: 'host', origin: 'https://wiki.example.com' },
        ...{ host: 'wiki.example.com', audience: [agents.id], proof: 'strong', freshMinutes: 15 },
        ...{ confirmsEmail: true, remoteUser: 'id', createdAt: 0, lastSignInAt: null },
      },
    );
    assert.equal(await eventsOf('app.created', 'Team wiki'), 1);
    await ada.visits('/admin/apps');
    for (const text of ['Team wiki', 'wiki.example.com', 'Agents', 'A strong second step']) {
      assert.ok(ada.page.text.includes(text), text);
    }
  });

  it('are refused with an error at the field', async () => {
    const other = await appWith(portal());
    const fill = async (fields: Readonly<Record<string, string>>) => {
      await ada.visits('/admin/apps/new/host');
      for (const [label, text] of Object.entries(fields)) ada.fillsIn(label, text);
    };
    await fill({ Name: '', Address: 'wiki.example.org/path', 'Signed in within minutes (optional)': '4' });
    ada.chooses('Members of the groups below', 'For');
    await ada.presses('Save app');
    assert.equal(ada.page.status, 422);
    for (const text of [/Enter the app’s name/, /without a path/, /a whole number from 5 to 1,440/]) {
      assert.match(ada.page.text, text);
    }
    await fill({ Name: 'New', Address: 'https://new.example.com' });
    ada.chooses('Members of the groups below', 'For');
    await ada.presses('Save app');
    assert.match(ada.page.text, /Choose at least one group/);
    await fill({ Name: other.name.toUpperCase(), Address: 'https://new.example.com' });
    await ada.presses('Save app');
    assert.match(ada.page.text, /There is an app .* already/);
    await fill({ Name: 'New', Address: `${other.origin}:8443` });
    await ada.presses('Save app');
    assert.match(ada.page.text, /Another app has the host/);
    await fill({ Name: 'New', Address: 'http://localhost:3000' });
    await ada.presses('Save app');
    assert.match(ada.page.text, /has the host of Postern itself/);
    assert.equal(await found('New'), undefined);
  });

  it('are edited from what they are, and hold from the next request on', async () => {
    const app = await appWith(portal());
    const { email } = await portal().account(newEmail('ann'));
    const ann = await signsIn(portal(), email);
    const host = new AppHost(proxy(), app);
    await ann.visits(await host.leadsToPortal());
    await host.takesOver(ann);
    await ada.visits(`/admin/apps/${app.id}`);
    await ada.follow('Edit app');
    await ada.presses('Save app');
    assert.match(ada.page.text, /No changes to save/);
    assert.equal(await eventsOf('app.updated', app.name), 0);
    const group = await groupWith(portal(), { rule: 'off' });
    await ada.visits(`/admin/apps/${app.id}/edit/host`);
    assert.equal(ada.page.value('Address'), app.origin);
    ada.chooses('Members of the groups below', 'For');
    ada.chooses(group.name);
    await ada.presses('Save app');
    assert.match(ada.page.text, /The app has been saved/);
    assert.equal(await eventsOf('app.updated', app.name), 1);
    assert.equal((await host.check()).status, 303, 'a page leads to the portal, which says why');
    await ann.visits(await host.leadsToPortal());
    assert.equal(ann.page.status, 403);
  });

  it('say who has used them, and when last', async () => {
    const app = await appWith(portal());
    await ada.visits(`/admin/apps/${app.id}`);
    assert.match(ada.page.text, /Nobody has used it yet/);
    const { email } = await portal().account(newEmail('ann'), 'member', 'Ann Uses');
    const ann = await signsIn(portal(), email);
    const host = new AppHost(proxy(), app);
    await ann.visits(await host.leadsToPortal());
    await host.takesOver(ann);
    await ada.visits(`/admin/apps/${app.id}`);
    assert.match(ada.page.text, /Ann Uses/);
    assert.ok(ada.page.text.includes(email));
    await ada.follow('Ann Uses');
    assert.equal(ada.page.heading, 'Ann Uses');
  });

  it('are removed after a question, and then their host is unknown', async () => {
    const app = await appWith(portal());
    await ada.visits(`/admin/apps/${app.id}`);
    await ada.follow('Remove app');
    assert.equal(ada.page.heading, `Remove the app “${app.name}”?`);
    assert.equal((await new AppHost(proxy(), app).check()).status, 303);
    await portal().services.apps.update(app.id, { ...app, name: 'Renamed' }, OPERATOR);
    await ada.presses('Remove app');
    assert.equal(ada.page.status, 409);
    assert.equal(ada.page.heading, 'Remove the app “Renamed”?');
    await ada.presses('Remove app');
    assert.match(ada.page.text, /The app “Renamed” has been removed/);
    assert.equal((await new AppHost(proxy(), app).check()).status, 403);
    assert.equal(await eventsOf('app.removed', 'Renamed'), 1);
    assert.equal((await ada.visits(`/admin/apps/${app.id}`)).status, 404);
  });

  it('are changed after a step-up alone, with what was typed before it', async () => {
    await ada.visits('/admin/apps/new/host');
    ada.fillsIn('Name', 'Kept');
    ada.fillsIn('Address', 'https://kept.example.com');
    portal().wait(minutes(10));
    await ada.presses('Save app');
    assert.equal(ada.page.path.split('?')[0], '/step-up');
    assert.match(ada.page.text, /This page changes how people are signed in to an app/);
    assert.equal(await found('Kept'), undefined);
    ada.fillsIn('Password', PASSWORD);
    await ada.presses('Continue');
    assert.equal(ada.page.value('Name'), 'Kept');
    await ada.presses('Save app');
    assert.ok(await found('Kept'));
  });

  it('are no member’s business', async () => {
    const app = await appWith(portal());
    const ann = await signsIn(portal(), (await portal().account(newEmail('ann'))).email);
    for (const path of [
      '',
      '/new',
      '/new/host',
      `/${app.id}`,
      `/${app.id}/edit/host`,
      `/${app.id}/proxy`,
      `/${app.id}/remove`,
    ]) {
      assert.equal((await ann.visits(`/admin/apps${path}`)).status, 403, path);
    }
  });

  it('have the recipe of each proxy with their own host in it', async () => {
    const app = await appWith(portal());
    for (const name of PROXIES) {
      await ada.visits(`/admin/apps/${app.id}/proxy?proxy=${name}`);
      const text = ada.page.$('pre').text();
      assert.ok(text.includes(app.host), name);
      assert.ok(!text.includes('wiki.example.org'), name);
      assert.match(text, /postern/i);
    }
    await ada.visits(`/admin/apps/${app.id}/proxy?proxy=nginx`);
    assert.deepEqual(
      ada.page
        .$('h2')
        .toArray()
        .map((heading) => ada.page.$(heading).text()),
      ['nginx.conf', 'upstream.conf'],
    );
    await ada.visits(`/admin/apps/${app.id}/proxy?proxy=../../etc/passwd`);
    assert.match(ada.page.$('h2').first().text(), /nginx\.conf/);
  });

  it('are named when one of their groups is deleted; without it, its members are refused', async () => {
    const account = await portal().account(newEmail('ann'));
    const group = await groupWith(portal(), { rule: 'off' }, [account]);
    const app = await appWith(portal(), { audience: [group.id] });
    const ann = await signsIn(portal(), account.email);
    const host = new AppHost(proxy(), app);
    await ann.visits(await host.leadsToPortal());
    await host.takesOver(ann);
    await ada.visits(`/admin/groups/${group.id}/delete`);
    assert.match(ada.page.text, new RegExp(`These apps are for this group: ${app.name}\\.`));
    await ada.presses('Delete group');
    await ann.visits(await host.leadsToPortal());
    assert.equal(ann.page.status, 403);
    await ada.visits(`/admin/apps/${app.id}`);
    assert.match(ada.page.text, /For\s+Nobody/);
  });

  describe('are checked from outside', () => {
    async function checked(listener: RequestListener) {
      const seen: string[] = [];
      const server = createServer((request, response) => {
        seen.push(`${request.method} ${request.url} ${request.headers.cookie ?? ''}`.trim());
        listener(request, response);
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const app = await appWith(portal(), { origin });
      await ada.visits(`/admin/apps/${app.id}`);
      await ada.presses('Check now');
      server.close();
      server.closeAllConnections();
      const results = ada.page
        .$('h2:contains("Check") ~ dl dd')
        .toArray()
        .map((cell) => ada.page.$(cell).text().trim());
      return { results, seen, app };
    }

    it('and are right behind a proxy that asks', async () => {
      const { results, seen } = await checked((request, response) => {
        const origin = `http://${request.headers.host}`;
        const [, path] = /^\/\.postern\/start(.*)$/.exec(request.url ?? '') ?? [];
        const query = new URLSearchParams({ host: request.headers.host ?? '', nonce: 'n', path: path ?? '' });
        const location =
          path === undefined ? `${origin}/.postern/start/` : `http://localhost:3000/apps/open?${query}`;
        response.writeHead(303, { Location: location }).end();
      });
      assert.deepEqual(results, ['Yes', 'Yes', 'Yes', 'Yes']);
      assert.deepEqual(seen.sort(), ['GET /', 'GET /.postern/start/probe?x=%C3%A9']);
      assert.match(ada.page.text, /Two things cannot be checked from here/);
    });

    it('and are wrong where everybody is let in, and where a redirect leads elsewhere, which is not followed', async () => {
      const open = await checked((_request, response) => void response.end('Welcome'));
      assert.deepEqual(open.results, ['Yes', 'No 200', 'No 200', 'Not checked']);
      const elsewhere = await checked((_request, response) => {
        response.writeHead(302, { Location: 'http://127.0.0.1:1/secret' }).end();
      });
      assert.deepEqual(elsewhere.results, ['Yes', 'No 302', 'No 302', 'Not checked']);
      assert.equal(elsewhere.seen.length, 2);
    });

    it('and say so if nothing answers', async () => {
      const app = await appWith(portal(), { origin: 'http://127.0.0.1:1' });
      await ada.visits(`/admin/apps/${app.id}`);
      await ada.presses('Check now');
      assert.match(ada.page.text, /The app’s address answers\s+No\s+\S+/);
      assert.match(ada.page.text, /Not checked/);
      const unused = createServer().listen(0, '127.0.0.1');
      await once(unused, 'listening');
      const { port } = unused.address() as AddressInfo;
      unused.close();
      await once(unused, 'close');
      const away = await appWith(portal(), { origin: `http://127.0.0.1:${port}` });
      await ada.visits(`/admin/apps/${away.id}`);
      await ada.presses('Check now');
      assert.match(ada.page.text, /No ECONNREFUSED Nothing listens at that address and port/);
    });
  });
});
