import assert from 'node:assert/strict';
import { SIGNED_FORMATS, signInPathOf } from '../../src/apps/signed-hand-over.ts';
import { formOriginsOf } from '../support/app-host.ts';
import { DeskBrowser, formToApp } from '../support/desk-browser.ts';
import { signedRequest } from '../support/fake-desk-formats.ts';
import { codeIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { groupWith, siteRuleIs } from '../support/policies.ts';
import { OPERATOR } from '../support/portal.ts';
import { newSignedApp, onSignedApps } from '../support/signed-apps.ts';
import { givesPassword, signsIn } from '../support/steps.ts';
import { enrolsApp, givesAppCode, newEmail } from '../support/victim.ts';

onSignedApps('Signing in to an app by a signed hand-over', ({ portal, connect }) => {
  beforeEach(() => siteRuleIs(portal(), { rule: 'optional' }));

  const newAccount = (name?: string) => portal().account(newEmail('ann'), 'member', name);
  /** Has signed in before: the 2FA suggestion comes once. */
  const knownAccount = async () => {
    const account = await newAccount();
    await signsIn(portal(), account.email);
    return account;
  };
  const eventsOf = async (event: 'app.signed-in' | 'access.denied', person: string) => {
    const { events } = await portal().services.audit.search({ event, person, page: 1, pageSize: 9 });
    return events.map(({ detail }) => detail);
  };

  for (const format of SIGNED_FORMATS) {
    describe(`(${format})`, () => {
      it('leads through the sign-in with 2FA, and signs the person in there', async () => {
        const { app, desk } = await connect(format);
        const account = await newAccount('Änn “Bé” 山田');
        const phone = await enrolsApp(portal(), account);
        const ann = new Person(portal().app);
        const there = new DeskBrowser(desk);
        await ann.visits(await there.leadsToPortal('/requests?a=b&c=%C3%A9'));
        assert.match(ann.page.text, new RegExp(`Sign in to continue to “${app.name}”`));
        assert.deepEqual(formOriginsOf(ann), [app.origin]);
        await givesPassword(ann, account.email);
        assert.equal(ann.page.path, '/sign-in/code');
        assert.deepEqual(formOriginsOf(ann), [app.origin]);
        await givesAppCode(portal(), ann, phone);
        const shown = await there.arrives(ann);
        assert.ok(shown.includes(account.email), shown);
        const [user] = desk.users;
        if (format !== 'help-scout') assert.deepEqual([user?.id, user?.name], [account.id, account.name]);
      });

      it('takes a signed-in person there at once, and again', async () => {
        const { desk } = await connect(format);
        const { email } = await newAccount();
        const ann = await signsIn(portal(), email);
        for (const _time of ['first', 'second']) {
          const there = new DeskBrowser(desk);
          await ann.visits(await there.leadsToPortal());
          assert.ok((await there.arrives(ann)).includes(email));
        }
        assert.equal(desk.users.length, 2);
      });

      it('opens it from the front page', async () => {
        const { app, desk } = await connect(format);
        const { email } = await newAccount();
        const ann = await signsIn(portal(), email);
        await ann.visits('/');
        const href = ann.page.links.find(({ text }) => text === app.name)?.href ?? '';
        const there = new DeskBrowser(desk);
        if (format === 'discourse') {
          assert.equal(href, `${app.origin}/session/sso`);
          await ann.visits(await there.leadsToPortal('/session/sso'));
        } else {
          assert.equal(href, signInPathOf(app.id));
          await ann.visits(href);
        }
        assert.ok((await there.arrives(ann)).includes(email));
      });

      it('records the sign-in once, and that the person uses the app', async () => {
        const { app, desk } = await connect(format);
        const account = await newAccount();
        const ann = await signsIn(portal(), account.email);
        for (const _time of ['first', 'second'])
          await ann.visits(await new DeskBrowser(desk).leadsToPortal());
        assert.deepEqual(await eventsOf('app.signed-in', account.email), [{ app: app.name }]);
        const users = await portal().services.apps.users(app, 9);
        assert.deepEqual(
          users.map(({ accountId }) => accountId),
          [account.id],
        );
      });

      it('asks first for what the app asks for, and goes on from there', async () => {
        const { app, desk } = await connect(format, { confirmsEmail: true });
        const { email } = await newAccount();
        const ann = await signsIn(portal(), email);
        const there = new DeskBrowser(desk);
        await ann.visits(await there.leadsToPortal());
        assert.equal(ann.page.heading, 'Confirm your email address');
        assert.deepEqual(formOriginsOf(ann), [app.origin]);
        await ann.presses('Send Verification Code');
        ann.fillsIn('Verification Code', codeIn(await portal().mailbox.next(email)));
        await ann.presses('Continue');
        assert.ok((await there.arrives(ann)).includes(email));
      });

      it('explains to a person in none of its groups why they may not, and records it', async () => {
        const agents = await groupWith(portal(), { rule: 'off' });
        const { app, desk } = await connect(format, { audience: [agents.id] });
        const { email } = await newAccount();
        const ann = await signsIn(portal(), email);
        await ann.visits(await new DeskBrowser(desk).leadsToPortal());
        assert.equal(ann.page.status, 403);
        assert.equal(ann.page.heading, `You cannot open “${app.name}”`);
        assert.deepEqual(await eventsOf('access.denied', email), [{ app: app.name }]);
        assert.deepEqual(await eventsOf('app.signed-in', email), []);
      });

      it('says as long as there is no secret that the app is not set up, and to an administrator why', async () => {
        const app = await newSignedApp(portal(), format, 'https://desk.example.net');
        await portal().services.appSecrets.drop(app);
        const ann = await signsIn(portal(), (await newAccount()).email);
        await ann.visits(signInPathOf(app.id));
        assert.equal(ann.page.status, 409);
        assert.equal(ann.page.heading, `You could not be signed in to “${app.name}”`);
        assert.match(ann.page.text, /is not set up completely\. Tell the administrators\./);
        assert.doesNotMatch(ann.page.text, /secret/);
        const ada = await signsIn(portal(), (await portal().account(newEmail('ada'), 'administrator')).email);
        await ada.visits(signInPathOf(app.id));
        assert.match(ada.page.text, /This app has no secret yet/);
        assert.ok(ada.page.links.some(({ href }) => href === `/admin/apps/${app.id}`));
        assert.ok(portal().log().includes('a signed hand-over was refused'));
      });
    });
  }

  it('takes Zendesk’s token there by a page with one button, and keeps it out of every URL and log', async () => {
    const { app, desk } = await connect('zendesk');
    const ann = await signsIn(portal(), (await newAccount()).email);
    await ann.visits(await new DeskBrowser(desk).leadsToPortal('/hc/requests'));
    assert.equal(ann.page.heading, `Continue to “${app.name}”`);
    assert.deepEqual(formOriginsOf(ann), [app.origin]);
    assert.match(ann.page.headers['cache-control'] ?? '', /no-store/);
    assert.equal(ann.page.headers['referrer-policy'], 'no-referrer');
    const { action, fields } = formToApp(ann.page);
    assert.equal(new URL(action).searchParams.get('return_to'), `${app.origin}/hc/requests`);
    assert.deepEqual(Object.keys(fields), ['jwt'], 'and not the token of Postern’s own forms');
    assert.ok(fields['jwt'] && !portal().log().includes(fields['jwt']));
  });

  it('tells Discourse of the told groups alone, and of an address that was not shown', async () => {
    const [staff, board, circle] = [
      await groupWith(portal(), { rule: 'off' }, [], 'staff'),
      await groupWith(portal(), { rule: 'off' }, [], 'board'),
      await groupWith(portal(), { rule: 'off' }, [], 'secret-circle'),
    ];
    const { desk } = await connect('discourse', { toldGroups: [staff.id, board.id] });
    const account = await newAccount();
    for (const group of [staff, circle]) await portal().services.groups.add(group, account, OPERATOR);
    const ann = await signsIn(portal(), account.email);
    const there = new DeskBrowser(desk);
    await ann.visits(await there.leadsToPortal());
    assert.ok((await there.arrives(ann)).includes(account.email));
    const { nonce, ...told } = desk.users[0]?.told ?? {};
    assert.ok(nonce);
    assert.deepEqual(told, {
      ...{ external_id: account.id, email: account.email, name: account.name },
      ...{ require_activation: 'true', add_groups: 'staff', remove_groups: 'board' },
    });
  });

  it('begins at Discourse for somebody who opens the address without a request', async () => {
    const { app } = await connect('discourse');
    const ann = await signsIn(portal(), (await newAccount()).email);
    await ann.visits(signInPathOf(app.id));
    assert.equal(ann.page.headers['location'], `${app.origin}/session/sso`);
  });

  it('leads to the page that signs out if Discourse asks for that; by itself it signs nobody out', async () => {
    const { app, desk } = await connect('discourse');
    const asked = signedRequest(desk, { nonce: 'n', logout: 'true', return_sso_url: desk.destination });
    const ann = await signsIn(portal(), (await newAccount()).email);
    await ann.visits(`${signInPathOf(app.id)}?${new URLSearchParams(asked)}`);
    assert.equal(ann.page.path, '/apps/sign-out');
    await ann.visits('/');
    assert.equal(ann.page.status, 200);
  });

  it('goes through the sign-in with a request of Discourse of the longest host name', async () => {
    const { app, desk } = await connect('discourse');
    const host = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(57)}.org`;
    const values = { nonce: 'c'.repeat(32), return_sso_url: `https://${host}/session/sso_login` };
    const { email } = await knownAccount();
    const ann = new Person(portal().app);
    await ann.visits(`${signInPathOf(app.id)}?${new URLSearchParams(signedRequest(desk, values))}`);
    await givesPassword(ann, email);
    assert.equal(ann.page.status, 400);
    assert.equal(ann.page.heading, `You could not be signed in to “${app.name}”`, 'it is another host');
  });

  it('loses only the page to return to if the address is too long for the way through the sign-in', async () => {
    for (const [format, name] of [
      ['zendesk', 'return_to'],
      ['deskpro', 'return'],
      ['help-scout', 'returnTo'],
    ] as const) {
      const { app, desk } = await connect(format);
      const { email } = await knownAccount();
      const page = `${format === 'help-scout' ? '' : desk.origin}/search?q=${'a'.repeat(1000)}`;
      const ann = new Person(portal().app);
      await ann.visits(`${signInPathOf(app.id)}?${new URLSearchParams({ [name]: page })}`);
      assert.match(ann.page.text, new RegExp(`Sign in to continue to “${app.name}”`));
      await givesPassword(ann, email);
      assert.ok((await new DeskBrowser(desk).arrives(ann)).includes(email), format);
    }
  });

  it('is not found for an app of another kind, and for none', async () => {
    const ann = await signsIn(portal(), (await newAccount()).email);
    const wiki = await portal().services.apps.create(
      {
        ...{ kind: 'host', name: 'Behind a proxy', origin: 'https://behind.example.net' },
        ...{ remoteUser: 'email', audience: 'everybody', proof: 'none', freshMinutes: null },
        confirmsEmail: false,
      },
      OPERATOR,
    );
    assert.ok(wiki.kind === 'created');
    for (const id of [wiki.app.id, 'nobody', '%00', '..%2f..', wiki.app.id.toUpperCase()]) {
      await ann.visits(`/apps/${id}/sign-in`);
      assert.equal(ann.page.status, 404, id);
    }
  });
});
