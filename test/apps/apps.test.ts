import assert from 'node:assert/strict';
import type { App, ListedApp } from '../../src/apps/app.ts';
import {
  type AppInput,
  type AppStore,
  Apps,
  type Clash,
  type HostAppInput,
  type OidcAppInput,
  type SignedAppInput,
} from '../../src/apps/apps.ts';
import { OIDC_DEFAULTS, type OidcClient } from '../../src/apps/oidc-client.ts';
import type { Actor } from '../../src/audit/audit.ts';
import type { Group } from '../../src/policy/group.ts';
import { ACTOR } from '../sign-in/sign-in-under-test.ts';
import { transact } from '../support/transact.ts';
import { NOW, OPEN } from './apps-under-test.ts';

const INPUT: HostAppInput = {
  ...OPEN,
  kind: 'host',
  name: 'Wiki',
  origin: 'https://wiki.example.org',
  remoteUser: 'email',
};
const RULE = { rule: 'off', methods: [], grace: { kind: 'none' }, since: 0 } as const;
const GROUPS: readonly Group[] = [
  { id: 'a', name: 'Agents', ...RULE },
  { id: 'n', name: 'Night shift', ...RULE },
];
/** The details of `INPUT` in the audit log. */
const FACTS = {
  ...{ origin: INPUT.origin, audience: 'everybody', proof: 'none', 'fresh-minutes': '' },
  ...{ 'confirms-email': 'off', 'remote-user': 'email' },
};
const REDIRECT = 'https://desk.example.org/callback';
const CLIENT: OidcClient = { ...OIDC_DEFAULTS, redirectUris: [REDIRECT] };
const DESK: OidcAppInput = {
  ...{ ...OPEN, kind: 'oidc', name: 'Desk', origin: 'https://desk.example.org', client: CLIENT },
};
const ZENDESK: SignedAppInput = {
  ...{ ...OPEN, kind: 'signed', name: 'Tickets', origin: 'https://tickets.example.org' },
  signed: {
    format: 'zendesk',
    destination: 'https://tickets.example.org/access/jwt',
    ...{ toldGroups: [], startUrl: null },
  },
};

/** `Apps` on a store in memory, with the recorded events. */
function appsUnderTest(baseUrl = 'https://help.example.org', clash?: Clash) {
  const recorded: unknown[] = [];
  const kept = new Map<string, App>();
  const listed = <One extends App>(app: One | undefined): ListedApp<One> | undefined =>
    app && { ...app, lastSignInAt: 7 };
  const keep = (app: App) => {
    if (clash === undefined) kept.set(app.id, app);
    return clash;
  };
  const store: AppStore = {
    all: async () => [...kept.values()].flatMap((app) => listed(app) ?? []),
    any: async () => kept.size > 0,
    find: async (id) => listed(kept.get(id)),
    findByName: async (name) => listed([...kept.values()].find((app) => app.name === name)),
    findByHost: async () => undefined,
    create: async (app) => keep(app),
    change: async (app) => keep(app),
    remove: async (id) => kept.delete(id),
    users: async () => [],
  };
  const audit = {
    record: async (event: string, actor: Actor, _subject?: unknown, detail = {}) =>
      void recorded.push([event, actor.party.label, detail]),
  };
  const groups = { list: async () => GROUPS };
  const administrators = { tell: async (notice: string) => void recorded.push(['mailed', notice]) };
  const secrets = {
    make: async () => {
      recorded.push(['secret made']);
      return 'a secret';
    },
    drop: async () => void recorded.push(['secrets dropped']),
  };
  const services = {
    ...{ store, groups, secrets, audit, administrators },
    ...{ transaction: transact, clock: () => NOW, added: () => {}, baseUrl },
  };
  return { apps: new Apps(services), recorded, kept };
}

async function created(apps: Apps, changes: Partial<HostAppInput> = {}) {
  const outcome = await apps.create({ ...INPUT, ...changes }, ACTOR);
  assert.ok(outcome.kind === 'created' && outcome.app.kind === 'host');
  return outcome.app;
}

describe('The administration of apps', () => {
  it('records an added app, with every setting', async () => {
    const { apps, recorded } = appsUnderTest();
    const app = await created(apps, { audience: ['n', 'a'], proof: 'strong', freshMinutes: 30 });
    assert.deepEqual([app.host, app.kind, app.createdAt], ['wiki.example.org', 'host', NOW]);
    const facts = { ...FACTS, audience: 'Agents; Night shift', proof: 'strong', 'fresh-minutes': '30' };
    const detail = { app: 'Wiki', kind: 'host', ...facts };
    assert.deepEqual(recorded, [['app.created', 'ann@example.org', detail]]);
  });

  it('records what a change has changed, from what to what', async () => {
    const { apps, recorded, kept } = appsUnderTest();
    const { id } = await created(apps);
    const input: AppInput = {
      ...{ ...INPUT, name: 'Pages', origin: 'https://pages.example.org', audience: ['a'] },
      ...{ freshMinutes: 15, confirmsEmail: true },
    };
    const outcome = await apps.update(id, input, ACTOR);
    assert.equal(outcome.kind, 'changed');
    assert.deepEqual(kept.get(id), { ...input, id, kind: 'host', host: 'pages.example.org', createdAt: NOW });
    assert.deepEqual(recorded[1], [
      'app.updated',
      'ann@example.org',
      {
        ...{ app: 'Wiki', to: 'Pages', origin: 'https://wiki.example.org → https://pages.example.org' },
        ...{ audience: 'everybody → Agents', 'fresh-minutes': '– → 15', 'confirms-email': 'off → on' },
      },
    ]);
  });

  it('records nothing if nothing differs, or if nothing was done', async () => {
    const { apps, recorded } = appsUnderTest();
    const { id } = await created(apps);
    assert.equal((await apps.update(id, INPUT, ACTOR)).kind, 'unchanged');
    assert.deepEqual(await apps.update('gone', INPUT, ACTOR), { kind: 'refused', fault: 'gone' });
    assert.equal(await apps.remove({ ...(await created(apps)), id: 'gone' }, ACTOR), false);
    assert.equal(recorded.length, 2);
    for (const clash of ['name taken', 'host taken'] as const) {
      const taken = appsUnderTest(undefined, clash);
      assert.deepEqual(await taken.apps.create(INPUT, ACTOR), { kind: 'refused', fault: clash });
      assert.deepEqual(taken.recorded, []);
    }
  });

  /** An app's demand before and after a change, and whether it is weaker. */
  const changes: readonly (readonly [Partial<HostAppInput>, Partial<HostAppInput>, boolean])[] = [
    [{ proof: 'strong' }, { proof: 'second step' }, true],
    [{ proof: 'second step' }, { proof: 'none' }, true],
    [{ proof: 'none' }, { proof: 'strong' }, false],
    [{ freshMinutes: 15 }, { freshMinutes: 16 }, true],
    [{ freshMinutes: 15 }, { freshMinutes: null }, true],
    [{ freshMinutes: null }, { freshMinutes: 15 }, false],
    [{ freshMinutes: 16 }, { freshMinutes: 15 }, false],
    [{ confirmsEmail: true }, { confirmsEmail: false }, true],
    [{ confirmsEmail: false }, { confirmsEmail: true }, false],
    [{ proof: 'none', freshMinutes: 15 }, { proof: 'strong', freshMinutes: null }, true],
    [{ audience: ['a'] }, { audience: 'everybody' }, false],
    [{ name: 'Wiki' }, { name: 'Pages' }, false],
  ];
  for (const [from, to, isLess] of changes) {
    const change = `${JSON.stringify(from)} becomes ${JSON.stringify(to)}`;
    it(`${isLess ? 'mails' : 'does not mail'} administrators when ${change}`, async () => {
      const { apps, recorded } = appsUnderTest();
      const { id } = await created(apps, from);
      assert.equal((await apps.update(id, { ...INPUT, ...to }, ACTOR)).kind, 'changed');
      assert.deepEqual(recorded.slice(2), isLess ? [['mailed', 'policy weakened']] : []);
    });
  }

  it('records a removed app', async () => {
    const { apps, recorded } = appsUnderTest();
    assert.equal(await apps.remove(await created(apps), ACTOR), true);
    assert.deepEqual(recorded[1], ['app.removed', 'ann@example.org', { app: 'Wiki', origin: INPUT.origin }]);
  });

  /** Postern's address, the app's, and why it is refused. */
  const addresses: readonly (readonly [string, string, string?])[] = [
    ['https://help.example.org', 'https://wiki.example.org'],
    ['https://help.example.org', 'https://example.org'],
    ['https://help.example.org:8443', 'https://wiki.example.org'],
    ['https://help.example.org', 'https://help.example.org', 'own site'],
    ['https://help.example.org', 'https://help.example.org:8443', 'own site'],
    ['https://help.example.org:8443', 'https://help.example.org', 'own site'],
    ['https://help.example.org', 'http://localhost:8080', 'not https'],
    ['http://localhost:3000', 'http://localhost:8080'],
    ['http://localhost:3000', 'https://wiki.example.org'],
    ['http://localhost:3000', 'http://localhost:3000', 'own site'],
  ];
  for (const [baseUrl, origin, fault] of addresses) {
    it(`${fault === undefined ? 'accepts' : 'refuses'} ${origin} if Postern is at ${baseUrl}`, async () => {
      const { apps } = appsUnderTest(baseUrl);
      const outcome = await apps.create({ ...INPUT, origin }, ACTOR);
      assert.equal(outcome.kind === 'refused' ? outcome.fault : undefined, fault);
      const { id } = await created(apps, { name: 'Other', origin: 'https://other.example.org' });
      const changed = await apps.update(id, { ...INPUT, origin }, ACTOR);
      assert.equal(changed.kind === 'refused' ? changed.fault : undefined, fault);
    });
  }

  it('makes a secret for an app that shares one, and returns it once', async () => {
    for (const input of [DESK, ZENDESK]) {
      const { apps, recorded } = appsUnderTest();
      const outcome = await apps.create(input, ACTOR);
      assert.equal(outcome.kind === 'created' && outcome.secret, 'a secret');
      assert.equal(recorded.length, 2);
      assert.ok(!JSON.stringify(recorded[0]).includes('a secret'));
    }
    const { apps, recorded } = appsUnderTest();
    const client = { ...CLIENT, authentication: 'none' } as const;
    const outcome = await apps.create({ ...DESK, client }, ACTOR);
    assert.ok(outcome.kind === 'created' && outcome.secret === undefined);
    assert.equal(recorded.length, 1);
  });

  it('drops the secrets of a client that becomes public, and makes one when it no longer is', async () => {
    const { apps, recorded } = appsUnderTest();
    const outcome = await apps.create(DESK, ACTOR);
    assert.ok(outcome.kind === 'created');
    const { id } = outcome.app;
    const open = { ...DESK, client: { ...CLIENT, authentication: 'none' } } as const;
    const opened = await apps.update(id, open, ACTOR);
    assert.ok(opened.kind === 'changed' && opened.secret === undefined);
    assert.deepEqual(recorded.at(-1), ['secrets dropped']);
    const closed = await apps.update(id, DESK, ACTOR);
    assert.equal(closed.kind === 'changed' && closed.secret, 'a secret');
    assert.equal((await apps.update(id, { ...DESK, name: 'Other' }, ACTOR)).kind, 'changed');
    assert.equal(recorded.filter((one) => JSON.stringify(one) === '["secret made"]').length, 2);
  });

  it('knows that every setting of a protocol is a change, and records it in words', async () => {
    const settings: readonly (readonly [Partial<OidcClient>, Record<string, string>])[] = [
      [{ redirectUris: [`${REDIRECT}2`] }, { 'redirect-addresses': `${REDIRECT} → ${REDIRECT}2` }],
      [{ postLogoutUris: [REDIRECT] }, { 'sign-out-addresses': `– → ${REDIRECT}` }],
      [{ backchannelLogoutUri: REDIRECT }, { 'logout-address': `– → ${REDIRECT}` }],
      [{ authentication: 'post' }, { 'client-authentication': 'basic → post' }],
      [{ requiresPkce: false }, { pkce: 'on → off' }],
      [{ idTokenAlgorithm: 'ES256' }, { algorithm: 'RS256 → ES256' }],
      [{ asksConsent: true }, { consent: 'off → on' }],
      [{ mayRefresh: true }, { refresh: 'off → on' }],
      [{ mayFormPost: true }, { 'form-post': 'off → on' }],
      [{ toldGroups: ['n', 'a'] }, { 'told-groups': '– → Agents; Night shift' }],
      [{ startUrl: REDIRECT }, { 'start-page': `– → ${REDIRECT}` }],
    ];
    assert.equal(settings.length, Object.keys(CLIENT).length);
    for (const [change, detail] of settings) {
      const { apps, recorded } = appsUnderTest();
      const outcome = await apps.create(DESK, ACTOR);
      assert.ok(outcome.kind === 'created');
      const client = { ...CLIENT, ...change };
      assert.equal((await apps.update(outcome.app.id, { ...DESK, client }, ACTOR)).kind, 'changed');
      assert.deepEqual(recorded[2], ['app.updated', 'ann@example.org', { app: 'Desk', ...detail }]);
    }
    const { apps, recorded } = appsUnderTest();
    const outcome = await apps.create(ZENDESK, ACTOR);
    assert.ok(outcome.kind === 'created');
    const destination = 'https://tickets.example.org/sso';
    const signed: SignedAppInput['signed'] = {
      ...{ format: 'deskpro', destination, toldGroups: ['a'], startUrl: destination },
    };
    assert.equal((await apps.update(outcome.app.id, { ...ZENDESK, signed }, ACTOR)).kind, 'changed');
    assert.deepEqual(recorded[2], [
      'app.updated',
      'ann@example.org',
      {
        ...{ app: 'Tickets', format: 'zendesk → deskpro' },
        ...{ destination: `https://tickets.example.org/access/jwt → ${destination}` },
        ...{ 'told-groups': '– → Agents', 'start-page': `– → ${destination}` },
      },
    ]);
  });

  /** A client's settings before and after a change, and whether they protect a sign-in less. */
  const clientChanges: readonly (readonly [Partial<OidcClient>, Partial<OidcClient>, boolean])[] = [
    [{}, { requiresPkce: false }, true],
    [{ requiresPkce: false }, {}, false],
    [{}, { authentication: 'none' }, true],
    [{ authentication: 'none' }, { authentication: 'post' }, false],
    [{}, { authentication: 'post' }, false],
    [{ asksConsent: true }, {}, true],
    [{}, { asksConsent: true }, false],
    [{}, { redirectUris: [REDIRECT, 'http://127.0.0.1:8000/callback'] }, true],
    [{ redirectUris: ['http://localhost/a'] }, { redirectUris: ['http://localhost/b'] }, true],
    [{ redirectUris: ['http://localhost/a', REDIRECT] }, { redirectUris: ['http://localhost/a'] }, false],
    [{}, { redirectUris: ['https://other.example.org/callback'] }, false],
    [{}, { mayRefresh: true, mayFormPost: true, idTokenAlgorithm: 'ES256', toldGroups: ['a'] }, false],
  ];
  for (const [from, to, isLess] of clientChanges) {
    const change = `${JSON.stringify(from)} of a client becomes ${JSON.stringify(to)}`;
    it(`${isLess ? 'mails' : 'does not mail'} administrators when ${change}`, async () => {
      const { apps, recorded } = appsUnderTest();
      const outcome = await apps.create({ ...DESK, client: { ...CLIENT, ...from } }, ACTOR);
      assert.ok(outcome.kind === 'created');
      const changed = await apps.update(outcome.app.id, { ...DESK, client: { ...CLIENT, ...to } }, ACTOR);
      assert.equal(changed.kind, 'changed');
      const mailed = recorded.filter((one) => JSON.stringify(one).startsWith('["mailed"'));
      assert.equal(mailed.length, isLess ? 1 : 0);
    });
  }

  /** Settings that do not go together, the fault, and the setting at which it is shown. */
  const faulty: readonly (readonly [AppInput, string, string])[] = [
    [
      { ...DESK, client: { ...CLIENT, authentication: 'none', requiresPkce: false } },
      ...(['pkce needed', 'requiresPkce'] as const),
    ],
    [
      { ...DESK, client: { ...CLIENT, redirectUris: [REDIRECT, 'https://help.example.org/x'] } },
      ...(['own address', 'redirectUris'] as const),
    ],
    [
      { ...DESK, client: { ...CLIENT, postLogoutUris: ['https://help.example.org:8443/'] } },
      ...(['own address', 'postLogoutUris'] as const),
    ],
    [
      { ...DESK, client: { ...CLIENT, backchannelLogoutUri: 'https://help.example.org/' } },
      ...(['own address', 'backchannelLogoutUri'] as const),
    ],
    [
      { ...DESK, client: { ...CLIENT, startUrl: 'https://elsewhere.example.org/' } },
      ...(['elsewhere', 'startUrl'] as const),
    ],
    [
      {
        ...ZENDESK,
        signed: { ...ZENDESK.signed, destination: 'https://tickets.example.org.evil.example/access/jwt' },
      },
      ...(['elsewhere', 'destination'] as const),
    ],
    [
      { ...ZENDESK, signed: { ...ZENDESK.signed, startUrl: 'https://tickets.example.org:8443/' } },
      ...(['elsewhere', 'startUrl'] as const),
    ],
  ];
  for (const [input, fault, setting] of faulty) {
    it(`refuses ${fault} at ${setting}, for a new app and for one that exists`, async () => {
      const { apps, recorded } = appsUnderTest();
      const refused = await apps.create(input, ACTOR);
      assert.ok(refused.kind === 'refused');
      assert.deepEqual([refused.fault, refused.setting], [fault, setting]);
      assert.deepEqual(recorded, []);
      const outcome = await apps.create(input.kind === 'oidc' ? DESK : ZENDESK, ACTOR);
      assert.ok(outcome.kind === 'created');
      const changed = await apps.update(outcome.app.id, input, ACTOR);
      assert.equal(changed.kind === 'refused' && changed.fault, fault);
    });
  }
});
