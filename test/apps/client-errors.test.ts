import assert from 'node:assert/strict';
import { ClientErrors } from '../../src/apps/client-errors.ts';
import { hours } from '../../src/kernel/time.ts';
import { ManualClock } from '../support/clock.ts';

const WRONG = { endpoint: 'token', error: 'invalid_client', detail: 'invalid secret provided' };

describe('The errors of an app', () => {
  const clock = new ManualClock(1_000_000);
  const errorsNow = () => new ClientErrors({ clock: clock.read });

  it('are kept newest first, at most twenty of them', () => {
    const errors = errorsNow();
    for (let index = 0; index < 30; index++) errors.record('a', { ...WRONG, detail: String(index) });
    assert.deepEqual(
      errors.of('a').map(({ detail }) => Number(detail)),
      Array.from({ length: 20 }, (_, index) => 29 - index),
    );
    assert.deepEqual(errors.of('b'), []);
  });

  it('that repeat are counted, so that they push no others out', () => {
    const errors = errorsNow();
    errors.record('a', { ...WRONG, error: 'invalid_grant' });
    for (let times = 0; times < 50; times++) errors.record('a', WRONG);
    assert.deepEqual(
      errors.of('a').map(({ error, count }) => [error, count]),
      [
        ['invalid_client', 50],
        ['invalid_grant', 1],
      ],
    );
    clock.passes(hours(1));
    errors.record('a', WRONG);
    assert.deepEqual(
      errors.of('a').map(({ count }) => count),
      [1, 50, 1],
    );
  });

  it('take no more memory for more apps than there can be', () => {
    const errors = errorsNow();
    for (let index = 0; index < 1100; index++) errors.record(`app ${index}`, WRONG);
    assert.deepEqual(errors.of('app 0'), []);
    assert.equal(errors.of('app 1099').length, 1);
  });
});
