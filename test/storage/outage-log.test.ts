import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { createLogger } from '../../src/boot/logging.ts';
import { minutes, seconds } from '../../src/kernel/time.ts';
import { OutageLog } from '../../src/storage/outage-log.ts';

describe('The log of an outage', () => {
  it('has one line, one more per minute, and one at the end', () => {
    const stream = new PassThrough();
    let now = 1_000_000;
    const log = new OutageLog('Redis', { logger: createLogger('info', stream), clock: () => now });
    const said = () =>
      String(stream.read() ?? '')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));

    log.back();
    assert.deepEqual(said(), [], 'nothing was away');
    log.away(
      new Error('There is no connection.', { cause: new Error('connect ECONNREFUSED 127.0.0.1:6379') }),
    );
    const [first] = said();
    assert.deepEqual(
      [first.level, first.msg, first.reason],
      ['error', 'Redis is unavailable', 'connect ECONNREFUSED 127.0.0.1:6379'],
    );
    for (let second = 0; second < 59; second += 2) {
      now += seconds(2);
      if (second < 57) log.away(new Error('again'));
    }
    assert.deepEqual(said(), []);
    log.away(
      Object.assign(new AggregateError([Object.assign(new Error(''), { code: 'ECONNREFUSED' })]), {
        message: '',
      }),
    );
    assert.deepEqual(
      said().map(({ reason }) => reason),
      ['ECONNREFUSED'],
    );
    now -= minutes(5);
    log.away(new Error('the clock was set back'));
    assert.equal(said().length, 1);
    log.back();
    log.back();
    assert.deepEqual(
      said().map(({ level, msg }) => [level, msg]),
      [['warn', 'Redis is available again']],
    );
    log.away(new Error('once more'));
    assert.equal(said().length, 1);
  });
});
