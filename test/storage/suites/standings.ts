import assert from 'node:assert/strict';
import { newId } from '../../../src/kernel/identifiers.ts';
import { DEFAULT_SETTINGS } from '../../../src/settings/settings.ts';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexAuthSnapshots } from '../../../src/storage/auth-snapshots.ts';
import { KnexAuthenticators } from '../../../src/storage/authenticators.ts';
import { KnexGraceStore } from '../../../src/storage/graces.ts';
import { KnexGroupStore } from '../../../src/storage/groups.ts';
import { KnexMailStore } from '../../../src/storage/mails.ts';
import { KnexRecoveryCodeStore } from '../../../src/storage/recovery-codes.ts';
import { KnexResetRequestStore } from '../../../src/storage/reset-requests.ts';
import { KnexSettingsStore } from '../../../src/storage/settings.ts';
import { KnexSignInStore } from '../../../src/storage/sign-ins.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { newGroup } from './groups.ts';
import { newMail } from './mails.ts';
import { NOW, person } from './people.ts';
import { newRequest } from './reset-requests.ts';

export function standingsSuite(engine: Engine): void {
  describe('the auth snapshot', () => {
    const database = useDatabase(engine);
    const read = (accountId: string, signInId?: string) =>
      new KnexAuthSnapshots(database()).read({ accountId, signInId });
    const accounts = () => new KnexAccounts(database());

    /** A person with one of everything, with characters that JSON and SQL escape. */
    async function somebody(name: string) {
      const account = person({ name, role: 'administrator', passwordHash: "it's a hash", locale: 'ar' });
      await accounts().create(account);
      await accounts().enforce(account.id, { at: NOW, grace: { kind: 'days', days: 3 } });
      const signIn = { id: newId(NOW), accountId: account.id, epoch: 0, browser: 'Lynx', address: '::1' };
      const times = { startedAt: NOW, lastSeenAt: NOW + 1, trustedBrowserId: null, assurance: [] };
      await new KnexSignInStore(database()).create({ ...signIn, ...times });
      const authenticators = new KnexAuthenticators(database());
      for (const [age, method] of (['email', 'app'] as const).entries()) {
        const kept = { name: `${method} "\\" 🦉`, data: { secret: [1, null, '"'] } };
        const id = newId(NOW);
        const createdAt = NOW - age;
        await authenticators.create({ id, accountId: account.id, method, ...kept, createdAt });
      }
      const groups = new KnexGroupStore(database());
      for (const groupName of [`Zoo of ${name}`, `aviary of ${name}`]) {
        const rule = { rule: 'mandatory', methods: ['app'], grace: { kind: 'until', at: NOW } } as const;
        const group = newGroup({ name: groupName, ...rule, since: NOW });
        await groups.create(group);
        await groups.add(group.id, account.id, NOW + 2);
      }
      await new KnexGraceStore(database()).begin(account.id, 'site', 0, NOW);
      return { id: account.id, signInId: signIn.id };
    }

    it('is the same as separate queries, and nobody else’s', async () => {
      const ann = await somebody(`Ann "O'Neil" \\ 🦉`);
      await somebody('Bob');
      await new KnexSettingsStore(database()).change({ siteName: `Ann's "Help" \\ 🦉`, trustDays: 30 });
      const { settings, person: facts } = await read(ann.id, ann.signInId);
      assert.deepEqual(settings, await new KnexSettingsStore(database()).read());
      assert.ok(facts);
      assert.deepEqual(facts.account, await accounts().find(ann.id));
      assert.deepEqual([facts.signIn], await new KnexSignInStore(database()).open(ann.id));
      assert.deepEqual(facts.authenticators, await new KnexAuthenticators(database()).of(ann.id));
      assert.deepEqual(facts.memberships, (await new KnexGroupStore(database()).of([ann.id])).get(ann.id));
      assert.deepEqual(facts.graceStarts, (await new KnexGraceStore(database()).of([ann.id])).get(ann.id));
      const { authenticators, memberships, graceStarts } = facts;
      assert.deepEqual([authenticators.length, memberships.length, graceStarts.size], [2, 2, 1]);
    });

    it('has only the settings if there is no account, or an unknown one', async () => {
      const settings = await new KnexSettingsStore(database()).change({ siteName: 'Acorn' });
      const nobody = { settings, person: undefined };
      assert.deepEqual(await new KnexAuthSnapshots(database()).read(undefined), nobody);
      assert.deepEqual(await read('unknown', 'unknown'), nobody);
    });

    it('has no sign-in half-way through, and never that of somebody else', async () => {
      const [ann, bob] = [await somebody('Ann'), await somebody('Bob')];
      assert.equal((await read(ann.id)).person?.signIn, undefined);
      assert.equal((await read(ann.id, bob.signInId)).person?.signIn, undefined);
    });

    it('is small if there is little data', async () => {
      const ann = person();
      await accounts().create(ann);
      assert.deepEqual(await read(ann.id), {
        settings: DEFAULT_SETTINGS,
        person: {
          ...{ account: await accounts().find(ann.id), signIn: undefined, authenticators: [] },
          ...{ memberships: [], graceStarts: new Map(), codesLeft: 0 },
          ...{ openRequests: 0, oldestMail: undefined, oldestLogout: undefined },
        },
      });
    });

    it('counts the usable recovery codes, and nobody else’s', async () => {
      const [ann, bob] = [person(), person()];
      for (const account of [ann, bob]) await accounts().create(account);
      const codesLeft = async (id: string) => (await read(id)).person?.codesLeft;
      const codes = new KnexRecoveryCodeStore(database());
      const three = ['a', 'b', 'c'].map((codeHash) => ({ id: newId(NOW), codeHash }));
      await codes.replace(ann.id, 'salt', three, NOW);
      assert.deepEqual([await codesLeft(ann.id), await codesLeft(bob.id)], [3, 0]);
      await codes.consume(ann.id, 'b', NOW);
      assert.deepEqual([await codesLeft(ann.id), await codes.left(ann.id)], [2, 2]);
    });

    it('counts the open requests for administrators, and for nobody else', async () => {
      const [ada, ann, ben] = [person({ role: 'administrator' }), person(), person()];
      for (const account of [ada, ann, ben]) await accounts().create(account);
      const openRequests = async (id: string) => (await read(id)).person?.openRequests;
      assert.equal(await openRequests(ada.id), 0);
      const requests = new KnexResetRequestStore(database());
      const open = newRequest({ accountId: ann.id });
      await requests.open(open);
      await requests.open(newRequest({ accountId: ben.id }));
      assert.deepEqual([await openRequests(ada.id), await openRequests(ann.id)], [2, 0]);
      await requests.close(open.id, { state: 'cancelled', by: 'ann', note: null, at: NOW });
      assert.equal(await openRequests(ada.id), 1);
    });

    it('has the time since when mails wait for administrators, and for nobody else', async () => {
      const [ada, ann] = [person({ role: 'administrator' }), person()];
      for (const account of [ada, ann]) await accounts().create(account);
      const oldestMail = async (id: string) => (await read(id)).person?.oldestMail;
      const mails = new KnexMailStore(database());
      await mails.add(newMail({ state: 'taken', createdAt: NOW - 2 }), null);
      assert.equal(await oldestMail(ada.id), undefined);
      for (const createdAt of [NOW, NOW - 1]) await mails.add(newMail({ createdAt }), null);
      assert.deepEqual([await oldestMail(ada.id), await oldestMail(ann.id)], [NOW - 1, undefined]);
    });
  });
}
