import assert from 'node:assert/strict';
import { EmailConfirmations } from '../../src/accounts/email-confirmations.ts';
import { Audit } from '../../src/audit/audit.ts';
import { minutes, seconds } from '../../src/kernel/time.ts';
import { transact } from '../support/transact.ts';
import { accountOf, actorOf, type TwoFactor, twoFactor } from '../two-factor/two-factor-under-test.ts';

const ANN = accountOf('ann');
const OWN = { account: ANN, browser: 'browser one' };
const ACTOR = actorOf(ANN);

describe('The confirmation of an email address', () => {
  let domain: TwoFactor;
  let confirmations: EmailConfirmations;
  let confirmed: unknown[];

  beforeEach(() => {
    domain = twoFactor();
    confirmed = [];
    const { clock, events, codes, attempts } = domain;
    confirmations = new EmailConfirmations({
      ...{ codes, attempts, clock: clock.read },
      audit: new Audit({ store: events, clock: clock.read, transaction: transact }),
      accounts: {
        confirmEmail: async (id, email, at) => void confirmed.push([id, email, at]),
      },
    });
  });

  const send = () => confirmations.sendCode(OWN, ACTOR);
  const confirm = (code: string, own = OWN) => confirmations.confirm(own, code, ACTOR);
  /** Another code than the one that was sent. */
  const wrong = () => (domain.post.code(ANN.email) === '000000' ? '111111' : '000000');

  it('takes the code that was mailed to the address, once, and is audited', async () => {
    assert.equal((await send()).kind, 'sent');
    const code = domain.post.code(ANN.email);
    assert.deepEqual(await confirm(code), { kind: 'confirmed' });
    assert.deepEqual(confirmed, [[ANN.id, ANN.email, domain.clock.now]]);
    assert.deepEqual(domain.eventNames().slice(-1), ['email.confirmed']);
    assert.deepEqual(await confirm(code), { kind: 'fault', fault: 'none sent' });
    assert.equal(confirmed.length, 1);
  });

  it('takes it once from twenty at the same moment', async () => {
    await send();
    const code = domain.post.code(ANN.email);
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => confirm(code)));
    assert.equal(outcomes.filter(({ kind }) => kind === 'confirmed').length, 1);
    assert.equal(confirmed.length, 1);
  });

  it('records a wrong code under a name of its own, not as a second step, and confirms nothing', async () => {
    await send();
    assert.deepEqual(await confirm(wrong()), { kind: 'fault', fault: 'wrong' });
    const event = domain.events.events.at(-1);
    assert.equal(event?.event, 'email.confirmation-refused');
    assert.deepEqual(event?.detail, { fault: 'wrong' });
    assert.deepEqual(confirmed, []);
  });

  it('takes no code of another browser, or of another purpose', async () => {
    await send();
    const code = domain.post.code(ANN.email);
    assert.equal((await confirm(code, { ...OWN, browser: 'browser two' })).kind, 'fault');
    domain.clock.passes(seconds(30));
    const proof = { account: ANN, address: ANN.email, purpose: 'step-up', browser: OWN.browser } as const;
    await domain.codes.send(proof, ACTOR);
    assert.equal((await confirm(domain.post.code(ANN.email))).kind, 'fault');
    assert.deepEqual(confirmed, []);
  });

  it('takes no code that is ten minutes old', async () => {
    await send();
    domain.clock.passes(minutes(10));
    assert.equal((await confirm(domain.post.code(ANN.email))).kind, 'fault');
  });

  it('counts wrong codes with those of the account’s second factor, and makes it wait', async () => {
    await send();
    for (let time = 0; time < 5; time += 1) await confirm(wrong());
    const outcome = await confirm(domain.post.code(ANN.email));
    assert.ok(outcome.kind === 'wait');
    assert.equal(await domain.attempts.waiting(ANN.id), outcome.until);
    assert.equal((await confirmations.sending(OWN)).waitUntil, outcome.until);
    assert.deepEqual(confirmed, []);
  });

  it('forgets wrong codes after the right one', async () => {
    await send();
    for (let time = 0; time < 4; time += 1) await confirm(wrong());
    assert.equal((await confirm(domain.post.code(ANN.email))).kind, 'confirmed');
    domain.clock.passes(seconds(30));
    await send();
    for (let time = 0; time < 4; time += 1) assert.equal((await confirm(wrong())).kind, 'fault');
  });

  it('says when a code was sent, and when the next one may be', async () => {
    assert.deepEqual(await confirmations.sending(OWN), {
      ...{ sentAt: undefined, nextAt: undefined, waitUntil: undefined },
    });
    await send();
    const { now } = domain.clock;
    assert.deepEqual(await confirmations.sending(OWN), {
      ...{ sentAt: now, nextAt: now + seconds(30), waitUntil: undefined },
    });
    assert.equal((await send()).kind, 'wait');
  });
});
