import assert from 'node:assert/strict';
import { newId } from '../../src/kernel/identifiers.ts';
import { bind } from '../../src/kernel/transaction.ts';
import type { ProposedChange } from '../../src/policy/policies.ts';
import type { Services } from '../../src/services.ts';
import {
  CREATION_TIMEOUT,
  type EmptyDatabase,
  type Engine,
  MARIADB,
  POSTGRESQL,
  SQLITE,
} from '../support/databases.ts';
import { groupWith } from '../support/policies.ts';
import { OPERATOR, openPortal, type TestPortal } from '../support/portal.ts';

const NO_GRACE = { kind: 'none' } as const;

/** A change, and the audit entry that it writes. */
interface Change {
  readonly proposed: ProposedChange;
  readonly write: (services: Services) => Promise<unknown>;
}

/** SQLite has one instance; two instances race on the others. */
for (const { engine, instances } of [
  { engine: SQLITE, instances: 1 },
  { engine: POSTGRESQL, instances: 2 },
  { engine: MARIADB, instances: 2 },
]) {
  describe(`Simultaneous decisions of administrators (${engine.name})`, () => {
    const portal = openedOn(engine, instances);

    const known = async (id: string) => {
      const { person } = await portal().services.snapshots.read({ accountId: id, signInId: undefined });
      assert.ok(person);
      return person;
    };
    const changes: Readonly<Record<string, () => Promise<Change>>> = {
      'the rule of the site': async () => {
        const decided = { twoFactor: { rule: 'mandatory', methods: ['app'] } } as const;
        const { settings, settingsChanges } = portal().services;
        const site = settingsChanges.next(await settings.read(), decided);
        return {
          proposed: { site },
          write: (services) => services.settingsChanges.change(decided, OPERATOR),
        };
      },
      'the rule of a group': async () => {
        const group = await groupWith(portal(), { rule: 'optional' }, []);
        const decided = { ...group, rule: 'mandatory' } as const;
        const rule = portal().services.groups.next(group, decided);
        return {
          proposed: { group: { id: group.id, rule } },
          write: (services) => services.groups.change(group, decided, OPERATOR),
        };
      },
      'the end of a group': async () => {
        const group = await groupWith(portal(), { rule: 'mandatory' }, []);
        return {
          proposed: { group: { id: group.id, rule: undefined } },
          write: (services) => services.groups.remove(group, OPERATOR),
        };
      },
      'the groups of a person': async () => {
        const account = await portal().account(`${newId(0)}@example.org`);
        const group = await groupWith(portal(), { rule: 'mandatory' }, []);
        const memberships = [{ accountId: account.id, group, joinedAt: portal().now() }];
        return {
          proposed: { person: { known: await known(account.id), memberships } },
          write: (services) => services.groups.add(group, account, OPERATOR),
        };
      },
      '2FA of a person': async () => {
        const account = await portal().account(`${newId(0)}@example.org`);
        const enforcement = { at: portal().now(), grace: NO_GRACE };
        return {
          proposed: { person: { known: await known(account.id), enforcement } },
          write: (services) => services.administration.enforceTwoFactor(account, NO_GRACE, OPERATOR),
        };
      },
    };

    for (const [what, prepare] of Object.entries(changes)) {
      it(`are made for one of twenty that saw the same state: ${what}`, async () => {
        const { proposed, write } = await prepare();
        const { policyImpact, settings } = portal().services;
        const revision = await policyImpact.revision(proposed, await settings.read());
        const decisions = await Promise.all(
          Array.from({ length: 20 }, (_, contender) => {
            const { services } = portal(contender);
            return services.policyImpact.applyIfUnchanged(proposed, revision, (tx) =>
              write(bind(services, tx)),
            );
          }),
        );
        const written = decisions.filter(({ kind }) => kind === 'written');
        assert.equal(written.length, 1);
      });
    }

    if (instances === 1) return;

    it('wait for a check and write in progress', async () => {
      const { proposed, write } = await (changes['the rule of a group']?.() ?? assert.fail());
      const others = [...Object.values(changes), imports];
      const prepared = await Promise.all(others.map((prepare) => prepare()));
      const revision = await portal().services.policyImpact.revision(
        proposed,
        await portal().services.settings.read(),
      );
      const order: string[] = [];
      const checked = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      const first = portal(0).services.policyImpact.applyIfUnchanged(proposed, revision, async (tx) => {
        checked.resolve();
        await goOn.promise;
        await write(bind(portal(0).services, tx));
        order.push('first');
      });
      await checked.promise;
      const { services } = portal(1);
      const waiting = prepared.map(async (other) => {
        await other.write(services);
        order.push('other');
      });
      // Long enough for each, if it did not wait.
      for (let time = 0; time < 100; time += 1) await services.settings.read();
      assert.deepEqual(order, []);
      goOn.resolve();
      assert.equal((await first).kind, 'written');
      await Promise.all(waiting);
      assert.deepEqual(order, ['first', ...others.map(() => 'other')]);
    });

    async function imports(): Promise<Change> {
      const group = await groupWith(portal(), { rule: 'mandatory' }, []);
      const email = `${newId(0)}@example.org`;
      const person = {
        email,
        name: 'Ann',
        role: 'member',
        passwordHash: null,
        groupIds: [group.id],
        language: null,
      } as const;
      return { proposed: {}, write: ({ peopleImport }) => peopleImport.create([person], OPERATOR) };
    }
  });
}

/** Within a `describe`: this many instances of the portal on one database, alternately by a number. */
function openedOn(engine: Engine, instances: number): (number?: number) => TestPortal {
  let empty: EmptyDatabase;
  const portals: TestPortal[] = [];
  before(async function () {
    this.timeout(CREATION_TIMEOUT);
    empty = await engine.create();
    for (let count = 0; count < instances; count += 1) {
      portals.push(await openPortal('database', { DATABASE_URL: empty.url }));
    }
  });
  after(async () => {
    for (const portal of portals) await portal.close();
    await empty.drop();
  });
  return (number = 0) => portals[number % instances] ?? assert.fail();
}
