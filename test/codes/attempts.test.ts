import assert from 'node:assert/strict';
import { type Actor, Audit } from '../../src/audit/audit.ts';
import { Attempts } from '../../src/codes/attempts.ts';
import { hours, seconds } from '../../src/kernel/time.ts';
import { FailureBackoff, SECOND_FACTOR_RULE } from '../../src/limits/failure-backoff.ts';
import type { AccountRecipient } from '../../src/mail/message.ts';
import { ManualClock } from '../support/clock.ts';
import { MemoryAudit, MemoryThrottles } from '../support/memory.ts';
import { transact } from '../support/transact.ts';

const ANN: AccountRecipient = {
  ...{ id: 'ann', email: 'ann@example.org', name: 'Ann', locale: null, knownLanguage: null },
};
const ACTOR: Actor = {
  party: { id: 'ann', label: ANN.email },
  origin: { requestId: 'request', address: '192.0.2.7', browser: 'Lynx' },
};
const DETAILS = { method: 'app', purpose: 'sign-in' };

describe('attempts on a second factor', () => {
  let clock: ManualClock;
  let events: MemoryAudit;
  let attempts: Attempts;

  beforeEach(() => {
    clock = new ManualClock();
    events = new MemoryAudit();
    attempts = new Attempts({
      throttle: new FailureBackoff(new MemoryThrottles(), clock.read),
      audit: new Audit({ store: events, clock: clock.read, transaction: transact }),
      transaction: transact,
    });
  });

  const begin = () => attempts.begin({ account: ANN, actor: ACTOR, details: DETAILS });

  async function failsTimes(times: number): Promise<void> {
    for (let time = 0; time < times; time++) assert.equal((await begin()).kind, 'may try');
  }

  it('are counted before the response is checked: twenty at once share no count', async () => {
    const begun = await Promise.all(Array.from({ length: 20 }, begin));
    const failures = begun.flatMap((attempt) => (attempt.kind === 'may try' ? [attempt.failures] : []));
    assert.deepEqual(
      failures.toSorted((one, other) => one - other),
      [1, 2, 3, 4, 5],
    );
  });

  it('have to wait from the fifth failure in a row on, longer each time', async () => {
    await failsTimes(SECOND_FACTOR_RULE.from);
    assert.deepEqual(await begin(), { kind: 'wait', until: clock.now + seconds(30) });
    assert.equal(await attempts.waiting(ANN.id), clock.now + seconds(30));
    clock.passes(seconds(30));
    await failsTimes(1);
    assert.equal(await attempts.waiting(ANN.id), clock.now + seconds(60));
    for (let time = 0; time < 20; time++) {
      clock.passes(hours(1));
      await failsTimes(1);
    }
    assert.equal(await attempts.waiting(ANN.id), clock.now + hours(1));
  });

  it('are recorded with their details if they have to wait', async () => {
    await failsTimes(SECOND_FACTOR_RULE.from);
    assert.deepEqual(events.events, []);
    await begin();
    const [{ event, subjectId, detail } = assert.fail(), ...more] = events.events;
    assert.deepEqual(
      { event, subjectId, detail },
      { event: 'second-step.throttled', subjectId: 'ann', detail: DETAILS },
    );
    assert.deepEqual(more, []);
  });

  it('start again at zero after a success, and only for that account', async () => {
    await failsTimes(SECOND_FACTOR_RULE.from);
    assert.equal(
      (await attempts.begin({ account: { ...ANN, id: 'ben' }, actor: ACTOR, details: DETAILS })).kind,
      'may try',
    );
    await attempts.reset(ANN.id);
    assert.equal(await attempts.waiting(ANN.id), undefined);
    assert.deepEqual(await begin(), { kind: 'may try', failures: 1 });
  });
});
