import assert from 'node:assert/strict';
import { hours, minutes, seconds } from '../../src/kernel/time.ts';
import { QUICK_HASHER } from '../support/password-hashing.ts';
import { OPERATOR, ORIGIN, PASSWORD, useAccounts } from './accounts-under-test.ts';

const NEXT = 'eleven purple wagons';

describe('a link to choose a new password', () => {
  const open = useAccounts();
  let domain: ReturnType<typeof open>;

  beforeEach(() => {
    domain = open();
  });

  /** The token of the newest mailed link. */
  async function tokenFor(email: string): Promise<string> {
    await domain.background.settled();
    const letter = domain.letters.findLast(({ to, message }) => to === email && 'token' in message);
    if (!letter || !('token' in letter.message)) throw new Error(`No link was mailed to ${email}.`);
    return letter.message.token;
  }

  it('is granted before the mail goes out, so that the response time does not reveal who has an account', async () => {
    await domain.account('ann@example.org');
    const release = domain.claim();
    assert.deepEqual(await domain.credentials.requestReset('ann@example.org', ORIGIN), { kind: 'granted' });
    assert.equal(domain.letters.length, 0);
    release();
    await domain.background.settled();
    assert.deepEqual(
      domain.letters.map(({ to, message }) => [to, message.kind]),
      [['ann@example.org', 'password reset']],
    );
    assert.deepEqual(domain.failures, []);
  });

  it('can be requested three times an hour with 30 s in between, whether or not there is an account', async () => {
    await domain.account('ann@example.org');
    for (const email of ['ann@example.org', 'nobody@example.org']) {
      const ask = () => domain.credentials.requestReset(email.toUpperCase(), ORIGIN);
      for (let time = 0; time < 3; time++) {
        assert.equal((await ask()).kind, 'granted');
        if (time < 2) {
          assert.deepEqual(await ask(), { kind: 'wait', until: domain.clock.now + seconds(30) });
        }
        domain.clock.passes(seconds(30));
      }
      assert.deepEqual(await ask(), { kind: 'wait', until: domain.clock.now + hours(1) - seconds(90) });
      domain.clock.passes(hours(24));
    }
    await domain.background.settled();
    assert.equal(domain.letters.length, 3);
  });

  it('is mailed once for twenty concurrent requests', async () => {
    await domain.account('ann@example.org');
    const asked = await Promise.all(
      Array.from({ length: 20 }, () => domain.credentials.requestReset('ann@example.org', ORIGIN)),
    );
    assert.equal(asked.filter(({ kind }) => kind === 'granted').length, 1);
    await domain.background.settled();
    assert.equal(domain.letters.length, 1);
  });

  it('has a keyed hash in the audit log if it was throttled and the address has no account', async () => {
    await domain.account('ann@example.org');
    for (const email of ['ann@example.org', 'Summ3r-P@ssword', 'SUMM3R-P@SSWORD']) {
      for (let time = 0; time < 2; time++) await domain.credentials.requestReset(email, ORIGIN);
    }
    const throttled = domain.events.events.filter(({ event }) => event === 'links.throttled');
    const [known, ...unknown] = throttled.map(({ actorLabel }) => actorLabel);
    assert.equal(known, 'ann@example.org');
    assert.match(unknown[0] ?? '', /^unknown-[\da-f]{10}$/);
    assert.equal(new Set(unknown).size, 1);
    await domain.background.settled();
  });

  it('is mailed to nobody if there is no account or a disabled one, and leaves no trace there', async () => {
    const gone = await domain.account('gone@example.org');
    await domain.accounts.disable(gone.id, domain.clock.now);
    const before = domain.events.events.length;
    for (const email of ['gone@example.org', 'nobody@example.org']) {
      assert.equal((await domain.credentials.requestReset(email, ORIGIN)).kind, 'granted');
    }
    await domain.background.settled();
    assert.equal(domain.letters.length, 0);
    assert.equal(domain.events.events.length, before);
    assert.deepEqual(domain.pretended, ['password reset', 'password reset'], 'but as much is done');
  });

  it('sets the password for one of twenty concurrent uses, and raises the epoch of the sessions', async () => {
    const ann = await domain.account('ann@example.org');
    await domain.credentials.requestReset('ann@example.org', ORIGIN);
    const found = await domain.credentials.resetLink(await tokenFor('ann@example.org'));
    assert.ok(found);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        domain.credentials.reset(found.link, found.account, `${NEXT} ${index}`, ORIGIN),
      ),
    );
    assert.equal(outcomes.filter(Boolean).length, 1);
    const now = await domain.accounts.find(ann.id);
    assert.equal(now?.sessionEpoch, ann.sessionEpoch + 1);
    assert.ok(await QUICK_HASHER.verify(`${NEXT} ${outcomes.indexOf(true)}`, now?.passwordHash ?? null));
    const notices = domain.letters.filter(({ message }) => message.kind === 'notice');
    assert.equal(notices.length, 1);
  });

  it('ends the wait for guesses at the old password in the browser where it is used', async () => {
    await domain.account('ann@example.org');
    const guess = (password: string, address = ORIGIN.address) =>
      domain.passwordSignIn.check('ann@example.org', password, { ...ORIGIN, address });
    for (const address of [ORIGIN.address, '198.51.100.1']) {
      for (let failures = 0; failures < 5; failures++) await guess('wrong', address);
      assert.equal((await guess(PASSWORD, address)).kind, 'wait');
    }
    await domain.credentials.requestReset('ann@example.org', ORIGIN);
    const found = await domain.credentials.resetLink(await tokenFor('ann@example.org'));
    assert.ok(found && (await domain.credentials.reset(found.link, found.account, NEXT, ORIGIN)));
    assert.equal((await guess(NEXT)).kind, 'accepted');
    assert.equal((await guess(NEXT, '198.51.100.1')).kind, 'wait', 'whoever guessed elsewhere still waits');
  });

  it('is invalid after an hour, once the password is changed, and once the account is disabled', async () => {
    const ann = await domain.account('ann@example.org');
    const fresh = async () => {
      await domain.credentials.sendReset(ann, OPERATOR);
      return tokenFor('ann@example.org');
    };
    const first = await fresh();
    domain.clock.passes(minutes(60) - 1);
    assert.ok(await domain.credentials.resetLink(first));
    domain.clock.passes(1);
    assert.equal(await domain.credentials.resetLink(first), undefined);

    const second = await fresh();
    await domain.credentials.changePassword(ann, NEXT, OPERATOR);
    assert.equal(await domain.credentials.resetLink(second), undefined);

    const third = await fresh();
    await domain.accounts.disable(ann.id, domain.clock.now);
    assert.equal(await domain.credentials.resetLink(third), undefined);
  });
});
