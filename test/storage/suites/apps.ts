import assert from 'node:assert/strict';
import type { HostApp, OidcApp, SignedApp } from '../../../src/apps/app.ts';
import type { OidcClient } from '../../../src/apps/oidc-client.ts';
import { newId } from '../../../src/kernel/identifiers.ts';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexAppSignInStore } from '../../../src/storage/app-sign-ins.ts';
import { KnexAppStore } from '../../../src/storage/apps.ts';
import { KnexGroupStore } from '../../../src/storage/groups.ts';
import { KnexSignInStore } from '../../../src/storage/sign-ins.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { newGroup } from './groups.ts';
import { NOW, person, winners } from './people.ts';

export function appsSuite(engine: Engine): void {
  describe('apps', () => {
    const database = useDatabase(engine);
    const apps = () => new KnexAppStore(database());
    const create = async (changes: Partial<HostApp> = {}) => {
      const app = newApp(changes);
      assert.equal(await apps().create(app), undefined);
      return app;
    };
    const createGroup = async (name: string) => {
      const group = newGroup({ name });
      await new KnexGroupStore(database()).create(group);
      return group.id;
    };

    it('are stored with all their data, and listed by name', async () => {
      const agents = await createGroup('Agents');
      const wiki = await create({
        name: 'wiki "Süd" 🦉',
        audience: [agents],
        proof: 'strong',
        freshMinutes: 15,
        confirmsEmail: true,
        remoteUser: 'id',
      });
      const desk = await create({ name: 'Desk', origin: 'http://localhost:8080', host: 'localhost:8080' });
      const listed = [
        { ...desk, lastSignInAt: null },
        { ...wiki, lastSignInAt: null },
      ];
      assert.deepEqual(await apps().all(), listed);
      assert.deepEqual(await apps().find(wiki.id), listed[1]);
      assert.deepEqual(await apps().findByHost('localhost:8080'), listed[0]);
      assert.equal(await apps().find('unknown'), undefined);
    });

    it('are found only by their exact host', async () => {
      const wiki = await create();
      assert.equal((await apps().findByHost(wiki.host))?.id, wiki.id);
      for (const host of [
        'wiki.example.orG',
        'example.org',
        'a.wiki.example.org',
        'wiki.example.org ',
        'wiki.example.org\0',
        '\0',
        '',
        '%',
      ]) {
        assert.equal(await apps().findByHost(host), undefined, host);
      }
    });

    it('have unique names, in any spelling', async () => {
      const wiki = await create({ name: 'Wiki' });
      const desk = await create({
        name: 'Desk',
        origin: 'https://desk.example.org',
        host: 'desk.example.org',
      });
      const other = { origin: 'https://other.example.org', host: 'other.example.org' };
      assert.equal(await apps().create(newApp({ name: ' WIKI', ...other })), 'name taken');
      assert.equal(await apps().change({ ...desk, name: 'ｗiki' }), 'name taken');
      assert.equal((await apps().findByName('wiKi '))?.id, wiki.id);
      assert.equal((await apps().find(desk.id))?.name, 'Desk');
    });

    it('have unique hosts, whatever the port: the cookies of a host are sent to every port', async () => {
      const wiki = await create();
      const [origin, host] = ['https://wiki.example.org:8443', 'wiki.example.org:8443'];
      assert.equal(await apps().create(newApp({ name: 'Other' })), 'host taken');
      assert.equal(await apps().create(newApp({ name: 'Other', origin, host })), 'host taken');
      assert.equal(await apps().change({ ...wiki, origin, host }), undefined);
      assert.equal((await apps().findByHost(host))?.id, wiki.id);
      assert.equal(await apps().findByHost('wiki.example.org'), undefined);
      const taken = await winners(
        async (i) => (await apps().create(newApp({ name: `App ${i}`, ...at('new') }))) === undefined,
      );
      assert.equal(taken, 1);
    });

    it('of other kinds are stored with their settings, and reserve no host', async () => {
      const common = {
        audience: 'everybody',
        proof: 'none',
        freshMinutes: null,
        confirmsEmail: false,
      } as const;
      const { origin } = at('desk');
      const client: OidcApp = {
        ...{ ...common, kind: 'oidc', id: newId(NOW), name: 'Desk for agents', origin, createdAt: NOW },
        client: {
          ...{ redirectUris: [`${origin}/callback`], postLogoutUris: [origin] },
          ...{ backchannelLogoutUri: `${origin}/logout`, authentication: 'basic', requiresPkce: true },
          ...{ idTokenAlgorithm: 'RS256', asksConsent: false, mayRefresh: true, mayFormPost: false },
          ...{ toldGroups: ['a'], startUrl: null },
        },
      };
      const signed: SignedApp = {
        ...{ ...common, kind: 'signed', id: newId(NOW), name: 'Desk for users', origin, createdAt: NOW },
        signed: {
          format: 'deskpro',
          destination: `${origin}/sso`,
          toldGroups: [],
          startUrl: `${origin}/help`,
        },
      };
      for (const app of [client, signed]) assert.equal(await apps().create(app), undefined);
      assert.deepEqual(
        await apps().all(),
        [client, signed].map((app) => ({ ...app, lastSignInAt: null })),
      );
      assert.equal(await apps().findByHost('desk.example.org'), undefined);
      assert.equal(await apps().findByHost(`:${client.id}`), undefined);
      await create({ name: 'Desk', ...at('desk') });
      const changed = { ...client, client: { ...client.client, asksConsent: true } };
      assert.equal(await apps().change(changed), undefined);
      assert.deepEqual(await apps().find(client.id), { ...changed, lastSignInAt: null });
    });

    it('change all settings, unless they are deleted', async () => {
      const [agents, staff] = [await createGroup('Agents'), await createGroup('Staff')];
      const wiki = await create({ audience: [agents] });
      const next: HostApp = {
        ...wiki,
        ...{ name: 'Pages', ...at('pages'), audience: [staff], proof: 'second step', freshMinutes: 30 },
      };
      assert.equal(await apps().change(next), undefined);
      assert.deepEqual(await apps().find(wiki.id), { ...next, lastSignInAt: null });
      assert.equal(await apps().change({ ...next, audience: 'everybody' }), undefined);
      assert.equal((await apps().find(wiki.id))?.audience, 'everybody');
      assert.equal(await apps().change(newApp({ name: 'Gone', ...at('gone') })), 'gone');
    });

    it('are for nobody once their groups are deleted, never for everybody', async () => {
      const agents = await createGroup('Agents');
      const wiki = await create({ audience: [agents] });
      await new KnexGroupStore(database()).remove(agents);
      assert.deepEqual((await apps().find(wiki.id))?.audience, []);
      const desk = await create({ name: 'Desk', ...at('desk'), audience: [agents] });
      assert.deepEqual((await apps().find(desk.id))?.audience, []);
    });

    it('list the people who have used them, the latest first', async () => {
      const wiki = await create();
      const desk = await create({ name: 'Desk', ...at('desk') });
      const uses = new KnexAppSignInStore(database());
      const use = async (app: HostApp, by: Signed, createdAt: number) => {
        const id = newId(NOW);
        const ends = { createdAt, expiresAt: createdAt + 1 };
        await uses.create({ id, tokenHash: id, appId: app.id, ...by, ...ends });
      };
      const [ann, bob] = [await signedIn('Ann'), await signedIn('Bob')];
      await use(wiki, ann, NOW);
      await use(wiki, bob, NOW + 1);
      await use(wiki, ann, NOW + 2);
      await use(desk, bob, NOW + 3);
      const named = (await apps().users(wiki.id, 9)).map(({ name, lastAt }) => [name, lastAt]);
      assert.deepEqual(named, [
        ['Ann', NOW + 2],
        ['Bob', NOW + 1],
      ]);
      assert.equal((await apps().users(wiki.id, 1)).length, 1);
      assert.equal((await apps().find(wiki.id))?.lastSignInAt, NOW + 2);
      const openedByBob = async (now: number) =>
        (await uses.openedBy(bob.signInId, now)).map(({ appId }) => appId);
      assert.deepEqual(await openedByBob(NOW), [wiki.id, desk.id]);
      assert.deepEqual(await openedByBob(NOW + 2), [desk.id]);
      await database()('accounts').where({ id: ann.accountId }).delete();
      assert.equal((await apps().find(wiki.id))?.lastSignInAt, NOW + 1);
    });

    it('are deleted with their sign-ins and hand-overs', async () => {
      const wiki = await create({ audience: [await createGroup('Agents')] });
      const { accountId, signInId } = await signedIn('Ann');
      const bound = { app_id: wiki.id, sign_in_id: signInId, account_id: accountId };
      await database()('hand_overs').insert({
        ...bound,
        code_hash: 'c',
        nonce_hash: 'n',
        path: '/',
        expires_at: NOW,
      });
      const signIn = { appId: wiki.id, signInId, accountId, createdAt: NOW, expiresAt: NOW };
      await new KnexAppSignInStore(database()).create({ id: newId(NOW), tokenHash: 't', ...signIn });
      assert.equal(await winners(() => apps().remove(wiki.id)), 1);
      for (const table of ['apps', 'app_groups', 'app_uses', 'hand_overs', 'app_sign_ins']) {
        assert.deepEqual(await database()(table), [], table);
      }
    });

    interface Signed {
      readonly accountId: string;
      readonly signInId: string;
    }

    async function signedIn(name: string): Promise<Signed> {
      const account = person({ name });
      await new KnexAccounts(database()).create(account);
      const signIn = { id: newId(NOW), accountId: account.id, epoch: 0, browser: '', address: '' };
      const times = { startedAt: NOW, lastSeenAt: NOW, trustedBrowserId: null, assurance: [] };
      await new KnexSignInStore(database()).create({ ...signIn, ...times });
      return { accountId: account.id, signInId: signIn.id };
    }
  });
}

export function newApp(changes: Partial<HostApp> = {}): HostApp {
  return {
    ...{ id: newId(NOW), name: 'Wiki', kind: 'host', ...at('wiki') },
    ...{ audience: 'everybody', proof: 'none', freshMinutes: null, confirmsEmail: false },
    ...{ remoteUser: 'email', createdAt: NOW },
    ...changes,
  };
}

/** A client of OpenID Connect; `backchannelLogoutUri` null: it cannot be told of a logout. */
export function newClient(
  { name, ...changes }: { readonly name: string } & Partial<OidcClient> = { name: 'Desk' },
): OidcApp {
  const origin = `https://${name.toLowerCase()}.example.org`;
  return {
    ...{ id: newId(NOW), name, kind: 'oidc', origin, createdAt: NOW },
    ...{ audience: 'everybody', proof: 'none', freshMinutes: null, confirmsEmail: false },
    client: {
      ...{ redirectUris: [`${origin}/callback`], postLogoutUris: [origin] },
      ...{ backchannelLogoutUri: `${origin}/logout`, authentication: 'basic', requiresPkce: true },
      ...{ idTokenAlgorithm: 'RS256', asksConsent: false, mayRefresh: true, mayFormPost: false },
      ...{ toldGroups: [], startUrl: null },
      ...changes,
    },
  };
}

function at(name: string): Pick<HostApp, 'origin' | 'host'> {
  return { origin: `https://${name}.example.org`, host: `${name}.example.org` };
}
