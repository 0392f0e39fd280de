import assert from 'node:assert/strict';
import type { App, HostApp, ListedApp } from '../../src/apps/app.ts';
import { type AppInput, type AppStore, Apps, type Clash, type HostAppInput } from '../../src/apps/apps.ts';
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

/** `Apps` on a store in memory, with the recorded events. */
function appsUnderTest(baseUrl = 'https://help.example.org', clash?: Clash) {
  const recorded: unknown[] = [];
  const kept = new Map<string, HostApp>();
  const listed = (app: HostApp | undefined): ListedApp<HostApp> | undefined =>
    app && { ...app, lastSignInAt: 7 };
  const found = (fits: (app: HostApp) => boolean) => listed([...kept.values()].find(fits));
  const keep = (app: App) => {
    if (clash === undefined && app.kind === 'host') kept.set(app.id, app);
    return clash;
  };
  const store: AppStore = {
    all: async () => [...kept.values()].flatMap((app) => listed(app) ?? []),
    find: async (id) => listed(kept.get(id)),
    findByName: async (name) => found((app) => app.name === name),
    findByHost: async (host) => found((app) => app.host === host),
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
  const services = { store, groups, audit, administrators, transaction: transact, clock: () => NOW, baseUrl };
  return { apps: new Apps(services), recorded, kept };
}

async function created(apps: Apps, changes: Partial<HostAppInput> = {}): Promise<HostApp> {
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
    assert.deepEqual(recorded, [['app.created', 'ann@example.org', { app: 'Wiki', ...facts }]]);
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
});
