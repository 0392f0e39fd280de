import assert from 'node:assert/strict';
import { linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { OPERATOR, onPortal, type TestPortal } from '../support/portal.ts';
import { newEmail, victimOf } from '../support/victim.ts';

const NEXT = 'forty brown sparrows';
const HOUR = 3_600_000;

interface Kind {
  readonly path: string;
  readonly lives: number;
  /** Requests a mailed link. */
  readonly make: (portal: TestPortal) => Promise<string>;
}

const KINDS: readonly Kind[] = [
  {
    path: '/reset-password',
    lives: HOUR,
    async make(portal) {
      const email = newEmail('vera');
      await portal.account(email);
      await portal.services.credentials.requestReset(email, OPERATOR.origin);
      return linkIn(await portal.mailbox.next(email));
    },
  },
  {
    path: '/invitation',
    lives: 7 * 24 * HOUR,
    async make(portal) {
      const email = newEmail('ivy');
      await portal.services.registration.invite({ email, name: 'Ivy Invited' }, 'member', OPERATOR);
      return linkIn(await portal.mailbox.next(email));
    },
  },
  {
    path: '/sign-up/confirm',
    lives: 24 * HOUR,
    async make(portal) {
      await portal.services.settings.change({ signUp: true });
      const email = newEmail('sue');
      await portal.services.registration.signUp({ email, name: 'Sue Sign-up' }, OPERATOR.origin);
      return linkIn(await portal.mailbox.next(email));
    },
  },
  {
    path: '/cancel-request',
    lives: 30 * 24 * HOUR,
    async make(portal) {
      const vera = await victimOf(portal);
      await portal.services.resetRequests.ask(vera.account, { happened: 'Lost', contact: 'Desk' }, OPERATOR);
      return linkIn(await portal.mailbox.next(vera.email));
    },
  },
];

const PATHS = [...KINDS.map(({ path }) => path), '/setup'];

onPortal("An attacker with somebody else's link", (portal) => {
  async function statusOf(address: string): Promise<number> {
    return (await new Person(portal().app).visits(address)).status;
  }

  /** Sends the form of a link's page with this token. */
  async function statusOfForm(path: string, token: string): Promise<number> {
    const person = new Person(portal().app);
    await person.visits('/sign-in');
    return (await person.submitsRaw('POST', path, { token, newPassword: NEXT })).status;
  }

  const tokenOf = (link: string) => new URL(link).searchParams.get('token') ?? '';

  for (const { path, lives, make } of KINDS) {
    it(`cannot use ${path} again, and one of ten concurrent requests uses it`, async () => {
      const link = await make(portal());
      assert.equal(new URL(link).pathname, path);
      const person = new Person(portal().app);
      await person.visits(link);
      assert.equal(person.page.status, 200);
      const racers = Array.from({ length: 10 }, () => person.copy());
      for (const racer of racers) await racer.reopensForms();
      const submissions = racers.map((racer) =>
        racer.submitsRaw('POST', path, { token: tokenOf(link), newPassword: NEXT }),
      );
      const statuses = (await Promise.all(submissions)).map(({ status }) => status);
      assert.equal(statuses.filter((status) => status === 303).length, 1);
      assert.equal(statuses.filter((status) => status === 410).length, 9);
      assert.equal(await statusOf(link), 410);
      assert.equal(await statusOfForm(path, tokenOf(link)), 410);
    });

    it(`cannot use ${path} when it has expired`, async () => {
      const link = await make(portal());
      portal().wait(lives - 1000);
      assert.equal(await statusOf(link), 200);
      portal().wait(1000);
      assert.equal(await statusOf(link), 410);
      assert.equal(await statusOfForm(path, tokenOf(link)), 410);
    });

    it(`cannot use ${path} with any altered token, and opens nothing else with the right one`, async () => {
      const link = await make(portal());
      const token = tokenOf(link);
      const flipped = `${token[0] === 'A' ? 'B' : 'A'}${token.slice(1)}`;
      for (const altered of [
        flipped,
        token.slice(1),
        `${token}A`,
        token.toLowerCase(),
        token.toUpperCase(),
        '',
        '%',
      ]) {
        assert.notEqual(altered, token);
        assert.equal(await statusOf(`${path}?token=${encodeURIComponent(altered)}`), 410, altered);
        assert.equal(await statusOfForm(path, altered), 410, altered);
      }
      for (const other of PATHS.filter((one) => one !== path)) {
        assert.equal(await statusOf(`${other}?token=${token}`), 410, other);
        assert.equal(await statusOfForm(other, token), 410, other);
      }
      assert.equal(await statusOf(`${path}?token=${token}&token=${token}`), 410, 'twice');
      assert.equal(await statusOf(link), 200, 'nothing of all that has used it up');
    });
  }

  it('cannot use the earlier link when a newer one was mailed', async () => {
    const email = newEmail('vera');
    await portal().account(email);
    const links: string[] = [];
    for (let time = 0; time < 2; time++) {
      await portal().services.credentials.requestReset(email, OPERATOR.origin);
      links.push(linkIn(await portal().mailbox.next(email)));
      portal().wait(30_000);
    }
    assert.deepEqual(await Promise.all(links.map(statusOf)), [410, 200]);
  });

  it('cannot use the set-up link once an account exists', async () => {
    const token = await portal().services.registration.setupToken();
    assert.equal(token, undefined);
    assert.equal(await statusOfForm('/setup', 'A'.repeat(27)), 410);
  });
});
