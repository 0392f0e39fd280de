import assert from 'node:assert/strict';
import type { MailboxProof } from '../../src/codes/mailed-codes.ts';
import { hours, seconds } from '../../src/kernel/time.ts';
import { accountOf, actorOf, type TwoFactor, twoFactor } from '../two-factor/two-factor-under-test.ts';

const ANN = accountOf('ann');
const PROOF: MailboxProof = {
  ...{ account: ANN, address: ANN.email, purpose: 'sign-in', browser: 'browser one' },
};

describe('mailed codes', () => {
  let domain: TwoFactor;

  beforeEach(() => {
    domain = twoFactor();
  });

  const send = (proof = PROOF) => domain.codes.send(proof, actorOf(ANN));

  /** Sends as often as the rate limit allows, and returns the outcomes. */
  async function sendsTimes(times: number): Promise<string[]> {
    const outcomes: string[] = [];
    for (let time = 0; time < times; time++) outcomes.push((await send()).kind);
    return outcomes;
  }

  it('go to the address of the proof, and prove its mailbox', async () => {
    assert.deepEqual(await send(), { kind: 'sent', at: domain.clock.now });
    assert.equal(await domain.codes.lastSent(PROOF), domain.clock.now);
    assert.equal(await domain.codes.verify(PROOF, domain.post.code(ANN.email)), 'right');
    assert.equal(await domain.codes.lastSent(PROOF), undefined);
  });

  it('do not prove another address, purpose or browser', async () => {
    await send();
    const code = domain.post.code(ANN.email);
    const elsewhere: Partial<MailboxProof>[] = [
      { address: 'new@example.org' },
      { purpose: 'step-up' },
      { browser: 'browser two' },
      { account: accountOf('ben') },
    ];
    for (const changes of elsewhere) {
      const other = { ...PROOF, ...changes };
      assert.equal(await domain.codes.lastSent(other), undefined);
      assert.equal(await domain.codes.verify(other, code), 'none sent');
    }
    assert.equal(await domain.codes.verify(PROOF, code), 'right');
  });

  it('wait 30 seconds for the next one, whatever its purpose', async () => {
    await send();
    const until = domain.clock.now + seconds(30);
    assert.deepEqual(await send({ ...PROOF, purpose: 'step-up' }), { kind: 'wait', until });
    assert.equal(await domain.codes.nextSend(ANN), until);
    domain.clock.passes(seconds(30));
    assert.equal(await domain.codes.nextSend(ANN), undefined);
    assert.equal((await send()).kind, 'sent');
  });

  it('are limited to five an hour, sent or permanently refused', async () => {
    domain.post.answer = 'refused';
    for (let time = 0; time < 5; time++) {
      assert.equal((await send()).kind, 'refused');
      domain.clock.passes(seconds(30));
    }
    assert.equal((await send()).kind, 'wait');
    domain.clock.passes(hours(1));
    domain.post.answer = 'accepted';
    assert.equal((await send()).kind, 'sent');
  });

  it('are given back three times a minute while no mail server can be reached', async () => {
    domain.post.answer = 'away';
    assert.deepEqual(await sendsTimes(5), ['away', 'away', 'away', 'away', 'wait']);
    assert.equal(await domain.codes.verify(PROOF, '000000'), 'none sent');
  });

  it('count if the mail server may have accepted them', async () => {
    domain.post.answer = 'unconfirmed';
    assert.deepEqual(await send(), { kind: 'unsure' });
    assert.equal(await domain.codes.lastSent(PROOF), domain.clock.now);
    assert.equal((await send()).kind, 'wait');
  });

  it('leave the earlier code valid if they are not sent', async () => {
    await send();
    const code = domain.post.code(ANN.email);
    domain.clock.passes(seconds(30));
    domain.post.answer = 'refused';
    await send();
    assert.equal(await domain.codes.verify(PROOF, code), 'right');
  });

  it('belong to nobody if another mail is sent instead, which looks the same', async () => {
    const to = accountOf('holder');
    const instead = { to, message: { kind: 'address taken' } as const };
    const outcome = await domain.codes.send(PROOF, actorOf(ANN), { instead });
    assert.deepEqual(outcome, { kind: 'sent', at: domain.clock.now });
    assert.deepEqual(domain.post.sent, [{ to: to.email, message: instead.message }]);
    assert.equal(await domain.codes.lastSent(PROOF), domain.clock.now);
  });

  it('are recorded with their result, and with the address if it is not the account’s own', async () => {
    await domain.codes.send(PROOF, actorOf(ANN), { details: { method: 'email' } });
    await send({ ...PROOF, purpose: 'e-mail change', address: 'new@example.org' });
    const recorded = domain.events.events.map(({ event, detail }) => ({ event, detail }));
    assert.deepEqual(recorded, [
      { event: 'second-step.code-sent', detail: { method: 'email', purpose: 'sign-in', outcome: 'sent' } },
      {
        event: 'second-step.code-not-sent',
        detail: { purpose: 'e-mail change', outcome: 'wait', to: 'new@example.org' },
      },
    ]);
  });
});
