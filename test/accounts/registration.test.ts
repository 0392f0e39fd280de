import assert from 'node:assert/strict';
import { days } from '../../src/kernel/time.ts';
import { OPERATOR, ORIGIN, PASSWORD, useAccounts } from './accounts-under-test.ts';

const ANN = { email: 'ann@example.org', name: 'Ann' };

describe('registration', () => {
  const open = useAccounts();
  let domain: ReturnType<typeof open>;

  beforeEach(() => {
    domain = open();
  });

  async function mailedToken(): Promise<string> {
    await domain.background.settled();
    const letter = domain.letters.findLast(({ message }) => 'token' in message);
    if (!letter || !('token' in letter.message)) throw new Error('No link was mailed.');
    return letter.message.token;
  }

  it('creates one first administrator for twenty concurrent requests, and no set-up link afterwards', async () => {
    const link = await domain.registration.look('setup', (await domain.registration.setupToken()) ?? '');
    assert.ok(link);
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        domain.registration.setUp(
          link,
          `Site ${index}`,
          { ...ANN, email: `a${index}@example.org` },
          PASSWORD,
          ORIGIN,
        ),
      ),
    );
    const [first, ...others] = made.filter((account) => account !== undefined);
    assert.equal(first?.role, 'administrator');
    assert.equal(others.length, 0);
    assert.equal(await domain.registration.setupToken(), undefined);
  });

  it('does not look up a set-up link once there is an account', async () => {
    const token = (await domain.registration.setupToken()) ?? '';
    assert.ok(await domain.registration.look('setup', token));
    await domain.account('first@example.org');
    assert.equal(await domain.registration.look('setup', token), undefined);
  });

  it('sets the first password of an invited account for one of twenty concurrent requests', async () => {
    await domain.registration.invite(ANN, 'administrator', OPERATOR);
    const link = await domain.registration.look('invitation', await mailedToken());
    assert.ok(link);
    const accepted = await Promise.all(
      Array.from({ length: 20 }, () => domain.registration.acceptInvitation(link, PASSWORD, ORIGIN)),
    );
    assert.equal(accepted.filter(Boolean).length, 1);
    const outcome = await domain.passwordSignIn.check(ANN.email, PASSWORD, ORIGIN);
    assert.equal(outcome.kind === 'accepted' && outcome.account.role, 'administrator');
  });

  it('ends every other link to the account when an invitation is accepted', async () => {
    await domain.registration.invite(ANN, 'member', OPERATOR);
    const link = await domain.registration.look('invitation', await mailedToken());
    await domain.credentials.requestReset(ANN.email, ORIGIN);
    const reset = await mailedToken();
    assert.ok(await domain.credentials.resetLink(reset));
    assert.ok(link && (await domain.registration.acceptInvitation(link, PASSWORD, ORIGIN)));
    assert.equal(await domain.credentials.resetLink(reset), undefined);
  });

  it('responds to a sign-up before the mail goes out, whether or not the address has an account', async () => {
    await domain.account(ANN.email);
    const release = domain.claim();
    for (const email of [ANN.email, 'new@example.org']) {
      assert.deepEqual(await domain.registration.signUp({ ...ANN, email }, ORIGIN), {
        kind: 'granted',
      });
    }
    assert.equal(domain.letters.length, 0);
    release();
    await domain.background.settled();
    const kinds = new Map(domain.letters.map(({ to, message }) => [to, message.kind]));
    assert.equal(kinds.get(ANN.email), 'sign-up again');
    assert.equal(kinds.get('new@example.org'), 'sign-up');
  });

  it('mails once for twenty concurrent sign-ups', async () => {
    const asked = await Promise.all(
      Array.from({ length: 20 }, () => domain.registration.signUp(ANN, ORIGIN)),
    );
    assert.equal(asked.filter(({ kind }) => kind === 'granted').length, 1);
    await domain.background.settled();
    assert.equal(domain.letters.length, 1);
  });

  it('creates one account for twenty concurrent confirmations, within a day of the mail', async () => {
    await domain.registration.signUp(ANN, ORIGIN);
    const token = await mailedToken();
    const link = await domain.registration.look('sign-up', token);
    assert.ok(link);
    const confirmed = await Promise.all(
      Array.from({ length: 20 }, () => domain.registration.confirmSignUp(link, PASSWORD, ORIGIN)),
    );
    assert.equal(confirmed.filter(Boolean).length, 1);
    assert.equal((await domain.accounts.findByEmail(ANN.email))?.role, 'member');

    domain.clock.passes(days(1));
    await domain.registration.signUp({ ...ANN, email: 'late@example.org' }, ORIGIN);
    const late = await domain.registration.look('sign-up', await mailedToken());
    domain.clock.passes(days(1));
    assert.ok(late);
    assert.equal(await domain.registration.confirmSignUp(late, PASSWORD, ORIGIN), false);
  });
});
