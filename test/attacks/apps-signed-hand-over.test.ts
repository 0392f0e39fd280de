import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { OVERLAP } from '../../src/apps/app-secrets.ts';
import { SIGNED_FORMATS, type SignedFormat, signInPathOf } from '../../src/apps/signed-hand-over.ts';
import { DeskBrowser, formToApp } from '../support/desk-browser.ts';
import { signedRequest } from '../support/fake-desk-formats.ts';
import type { FakeHelpDesk } from '../support/fake-help-desk.ts';
import type { Page } from '../support/page.ts';
import { Person } from '../support/person.ts';
import { groupWith, siteRuleIs } from '../support/policies.ts';
import { anotherInstance, OPERATOR } from '../support/portal.ts';
import { type ConnectedDesk, newSignedApp, onSignedApps } from '../support/signed-apps.ts';
import { signsIn } from '../support/steps.ts';
import { newEmail, victimOf } from '../support/victim.ts';

/** Addresses that are not on `origin`, however they are read. */
const elsewhere = (origin: string): readonly string[] => {
  const host = origin.replace('http://', '');
  return [
    ...['https://evil.example/', '//evil.example/', '///evil.example', '/\\evil.example', '\\\\evil.example'],
    ...[
      'javascript:alert(1)',
      'data:text/html,x',
      'http:evil.example',
      'http:///evil.example',
      'evil.example',
    ],
    ...[
      `${origin}@evil.example/`,
      `${origin}:x@evil.example/`,
      `http://ann:pw@${host}/`,
      `http://@evil.example`,
    ],
    ...[`${origin}.evil.example/`, `${origin}\\@evil.example/`, `${origin}\\.evil.example/`],
    ...[`https://${host}/`, `http://${host.replace(/\d$/, '')}/`, `${origin}\t.evil.example/`],
    ...[`\u0000${origin}/`, `${origin}/\r\nSet-Cookie: a=b`, `http://evil.example#${origin}/`],
    ...[`http://evil.example?${origin}/`, 'http://[::1]/', 'http://evil.example\u2028/', '/.//evil.example'],
  ];
};

const RETURNS: Readonly<Record<SignedFormat, string | undefined>> = {
  zendesk: 'return_to',
  deskpro: 'return',
  'help-scout': 'returnTo',
  discourse: undefined,
};

onSignedApps('An attacker of signed hand-overs', ({ portal, connect }) => {
  beforeEach(() => siteRuleIs(portal(), { rule: 'optional' }));

  const signedIn = async () => signsIn(portal(), (await portal().account(newEmail('vera'))).email);

  /** What the app sends a person with, if it wants them to return to this address. */
  function requestFor(
    { app, desk }: ConnectedDesk,
    page: string,
    desks: Pick<FakeHelpDesk, 'secret'> = desk,
  ) {
    const name = RETURNS[app.signed.format];
    const query =
      name === undefined
        ? signedRequest(desks, { nonce: 'n'.repeat(32), return_sso_url: page })
        : { [name]: page };
    return `${signInPathOf(app.id)}?${new URLSearchParams(query)}`;
  }

  /** Where a page leads by itself, or by its button. */
  function wayOf(page: Page): URL | undefined {
    if (page.status === 303) return new URL(page.headers['location'] ?? '', 'http://localhost:3000');
    return page.status === 200 ? new URL(formToApp(page).action) : undefined;
  }

  for (const format of SIGNED_FORMATS) {
    it(`leads nobody to another site, however the address to return to is spelled (${format})`, async () => {
      const connected = await connect(format);
      const vera = await signedIn();
      for (const page of elsewhere(connected.app.origin)) {
        await vera.visits(requestFor(connected, page));
        const said = `${JSON.stringify(page)}: ${vera.page.status} ${vera.page.headers['location']}`;
        const way = wayOf(vera.page);
        if (!way) {
          assert.equal(vera.page.status, 400, said);
          continue;
        }
        assert.equal(way.origin, connected.app.origin, said);
        assert.equal(way.username, '', said);
        for (const value of way.searchParams.values()) assert.doesNotMatch(value, /evil|pw@/, said);
      }
    });

    it(`gets nothing signed without a session, with half of one, or after it has ended (${format})`, async () => {
      const connected = await connect(format);
      const path = requestFor(connected, connected.desk.destination);
      const nobody = new Person(portal().app);
      await nobody.visits(path);
      assert.equal(nobody.page.path.split('?')[0], '/sign-in');
      const vera = await victimOf(portal());
      const half = await signsIn(portal(), vera.email);
      await half.visits(path);
      assert.equal(half.page.path, '/sign-in/code');
      const ends = {
        ended: (account: typeof vera.account) =>
          portal().services.administration.endSessions(account, OPERATOR),
        disabled: (account: typeof vera.account) =>
          portal().services.administration.disable(account, OPERATOR),
      };
      for (const [how, end] of Object.entries(ends)) {
        const account = await portal().account(newEmail('ann'));
        const thief = await signsIn(portal(), account.email);
        await end(account);
        await thief.visits(path);
        assert.equal(thief.page.path.split('?')[0], '/sign-in', how);
      }
      assert.equal(connected.desk.users.length, 0);
    });

    it(`gets nothing signed in the name of another app: it has a secret of its own (${format})`, async () => {
      const [own, other] = [await connect(format), await connect(format)];
      const vera = await signedIn();
      await vera.visits(await new DeskBrowser(own.desk).leadsToPortal());
      const way = wayOf(vera.page);
      assert.ok(way);
      const fields = vera.page.status === 200 ? formToApp(vera.page).fields : undefined;
      const there = new DeskBrowser(other.desk);
      await there.leadsToPortal();
      const answer = await there.asks(`${other.app.origin}${way.pathname}${way.search}`, fields);
      assert.ok(answer.status >= 400, String(answer.status));
      assert.equal(other.desk.users.length, 0);
    });

    it(`gets no page by parameters that come twice or are endless (${format})`, async () => {
      const connected = await connect(format);
      const vera = await signedIn();
      const path = requestFor(connected, connected.desk.destination);
      const twice = `${path}&${path.split('?')[1]}`;
      for (const address of [twice, path.replaceAll('=', '[]='), `${path}&x=${'a'.repeat(7000)}`]) {
        await vera.visits(address);
        const way = wayOf(vera.page);
        if (way) assert.ok([connected.app.origin, 'http://localhost:3000'].includes(way.origin));
        else assert.equal(vera.page.status, 400);
      }
      await vera.visits(twice);
      assert.equal(vera.page.status, 400);
    });

    it(`signs a person in once, in 20 concurrent requests, on two instances (${format})`, async () => {
      const connected = await connect(format);
      const account = await portal().account(newEmail('vera'));
      const vera = await signsIn(portal(), account.email);
      const twin = await anotherInstance(portal());
      try {
        const there = new DeskBrowser(connected.desk);
        const path = await there.leadsToPortal();
        const tabs = Array.from({ length: 20 }, (_, index) =>
          vera.copy({}, index % 2 ? twin.app : portal().app),
        );
        await Promise.all(tabs.map((tab) => tab.visits(path)));
        const statements = tabs.map(({ page }) => statementIn(page));
        if (format !== 'discourse') {
          const ids = new Set(statements.map((token) => decodeJwt(token).jti));
          assert.equal(ids.size, 20);
          for (const id of ids) assert.ok(String(id).length >= 21, 'of 128 bits');
        }
        const found = await portal().services.audit.search({
          ...{ event: 'app.signed-in', person: account.email, page: 1, pageSize: 9 },
        });
        assert.equal(found.events.length, 1);
        const [signIn] = await portal().services.signIns.of(account);
        const apps = await portal().services.departures.openedBy(signIn?.id ?? '');
        assert.deepEqual(
          apps.map(({ appId }) => appId),
          [connected.app.id],
        );
      } finally {
        await twin.close();
      }
    });
  }

  /** The signed part of what takes the person to the app. */
  function statementIn(page: Page): string {
    const way = wayOf(page);
    assert.ok(way, `${page.status} ${page.heading}`);
    const { searchParams } = way;
    const token = page.status === 200 ? formToApp(page).fields['jwt'] : undefined;
    return token ?? searchParams.get('jwt') ?? searchParams.get('token') ?? searchParams.get('sso') ?? '';
  }

  it('cannot use a statement twice at Zendesk or at Discourse', async () => {
    for (const format of ['zendesk', 'discourse'] as const) {
      const { desk } = await connect(format);
      const vera = await signedIn();
      const there = new DeskBrowser(desk);
      await vera.visits(await there.leadsToPortal());
      await there.arrives(vera);
      assert.match(await there.arrives(vera), /Refused|expired/);
      assert.equal(desk.users.length, 1);
    }
  });

  it('cannot use a request of Discourse that was begun in another browser, or answered', async () => {
    const { desk } = await connect('discourse');
    const mallory = new DeskBrowser(desk);
    const path = await mallory.leadsToPortal();
    const vera = await signedIn();
    await vera.visits(path);
    assert.match(await new DeskBrowser(desk).arrives(vera), /expired/, 'Vera’s browser has begun nothing');
    assert.match(await mallory.arrives(vera), /Signed in/);
    await vera.visits(path);
    assert.match(await mallory.arrives(vera), /expired/);
    assert.equal(desk.users.length, 1);
  });

  it('makes Postern answer no request to Discourse that another secret has signed', async () => {
    const connected = await connect('discourse');
    const other = await connect('discourse');
    const vera = await signedIn();
    for (const secret of [other.desk.secret, '', 'null', 'undefined', connected.app.id]) {
      await vera.visits(requestFor(connected, connected.desk.destination, { secret }));
      assert.equal(vera.page.status, 400, secret);
    }
    const { sso } = signedRequest(connected.desk, { nonce: 'n', return_sso_url: connected.desk.destination });
    const sha1 = createHmac('sha1', connected.desk.secret).update(sso).digest('hex');
    for (const sig of [sha1, '', '0'.repeat(64), 'none', `${sha1}${'0'.repeat(24)}`]) {
      await vera.visits(`${signInPathOf(connected.app.id)}?${new URLSearchParams({ sso, sig })}`);
      assert.ok(vera.page.status === 400, sig);
    }
  });

  it('can use a secret that was replaced for a week, and no longer', async () => {
    const connected = await connect('discourse');
    const vera = await portal().account(newEmail('vera'));
    const former = { secret: connected.desk.secret };
    await portal().services.appSecrets.rotate(connected.app, OPERATOR);
    const path = requestFor(connected, connected.desk.destination, former);
    const before = await signsIn(portal(), vera.email);
    await before.visits(path);
    const { searchParams } = wayOf(before.page) ?? new URL('http://nobody');
    const signed = createHmac('sha256', former.secret).update(searchParams.get('sso') ?? '');
    assert.equal(searchParams.get('sig'), signed.digest('hex'), 'Discourse knows the former one alone');
    portal().wait(OVERLAP);
    const later = await signsIn(portal(), vera.email);
    await later.visits(path);
    assert.equal(later.page.status, 400);
  });

  it('changes neither the algorithm nor the claims of a token, whatever they send', async () => {
    for (const [format, algorithm] of [
      ['zendesk', 'HS256'],
      ['deskpro', 'HS256'],
      ['help-scout', 'HS512'],
    ] as const) {
      const { app, desk } = await connect(format);
      const account = await portal().account(newEmail('vera'));
      const vera = await signsIn(portal(), account.email);
      const own = 'eyJhbGciOiJub25lIn0.eyJlbWFpbCI6ImJvc3NAZXhhbXBsZS5vcmcifQ.';
      const sent = {
        alg: 'none',
        jwt: own,
        token: own,
        email: 'boss@example.org',
        external_id: '1',
        sub: 'boss',
      };
      await vera.visits(`${signInPathOf(app.id)}?${new URLSearchParams(sent)}`);
      const token = statementIn(vera.page);
      assert.deepEqual(decodeProtectedHeader(token), { alg: algorithm, typ: 'JWT' });
      const { email, sub } = decodeJwt(token);
      assert.equal(email ?? sub, account.email);
      assert.match(await new DeskBrowser(desk).arrives(vera), new RegExp(account.email));
    }
  });

  it('adds no header, claim or group by a name: control characters and separators are left out', async () => {
    const name = 'Vera\r\nLocation: https://evil.example\u2028&admin=true';
    const group = await groupWith(portal(), { rule: 'off' }, [], 'staff,admins');
    for (const format of SIGNED_FORMATS) {
      const { desk } = await connect(format, { toldGroups: [group.id] });
      const account = await portal().account(newEmail('vera'), 'member', name);
      await portal().services.groups.add(group, account, OPERATOR);
      const vera = await signsIn(portal(), account.email);
      const there = new DeskBrowser(desk);
      await vera.visits(await there.leadsToPortal());
      await there.arrives(vera);
      const told = desk.users[0]?.told ?? {};
      assert.equal(told['admin'], undefined);
      assert.equal(told['add_groups'], undefined);
      if (told['name'] !== undefined) assert.doesNotMatch(String(told['name']), /[\p{Cc}\u2028]/u);
    }
  });

  it('gets into no app that asks for a confirmed address with the address of somebody else', async () => {
    for (const format of SIGNED_FORMATS) {
      const connected = await connect(format, { confirmsEmail: true });
      const mallory = await signedIn();
      await mallory.visits(requestFor(connected, connected.desk.destination));
      assert.equal(mallory.page.heading, 'Confirm your email address');
      assert.equal(connected.desk.users.length, 0);
    }
  });

  it('hands nobody over by another method than GET, and by no app that was removed', async () => {
    const app = await newSignedApp(portal(), 'deskpro', 'https://gone.example.net');
    const vera = await signedIn();
    const answer = await vera.submitsRaw('POST', signInPathOf(app.id), {
      return: 'https://gone.example.net/',
    });
    assert.equal(answer.status, 405);
    await portal().services.apps.remove(app, OPERATOR);
    await vera.visits(signInPathOf(app.id));
    assert.equal(vera.page.status, 404);
  });

  it('finds no statement and no secret in the log', async () => {
    for (const format of SIGNED_FORMATS) {
      const { desk } = await connect(format);
      const vera = await signedIn();
      await vera.visits(await new DeskBrowser(desk).leadsToPortal());
      for (const secret of [statementIn(vera.page), desk.secret]) {
        assert.ok(secret.length > 20 && !portal().log().includes(secret));
      }
    }
  });
});
