import assert from 'node:assert/strict';
import { LastParsed } from '../../../src/storage/sql/last-parsed.ts';

describe('What was parsed last', () => {
  const parse = (text: string) => () => ({ text });

  it('is returned for the same text of the same key', () => {
    const last = new LastParsed<{ text: string }>(() => true);
    const first = last.of('ann', 'a', parse('a'));
    assert.equal(last.of('ann', 'a', parse('a')), first);
    assert.notEqual(last.of('bob', 'a', parse('a')), first);
  });

  it('is forgotten with the first text that differs', () => {
    const last = new LastParsed<{ text: string }>(() => true);
    const first = last.of('ann', 'a', parse('a'));
    assert.deepEqual(last.of('ann', 'b', parse('b')), { text: 'b' });
    const again = last.of('ann', 'a', parse('a'));
    assert.deepEqual(again, first);
    assert.notEqual(again, first);
  });

  it('is not kept if it is not worth it, nor beyond a thousand keys', () => {
    const last = new LastParsed<{ text: string }>(({ text }) => text !== 'nobody');
    const nobody = last.of('x', 'nobody', parse('nobody'));
    assert.notEqual(last.of('x', 'nobody', parse('nobody')), nobody);
    const first = last.of('ann', 'a', parse('a'));
    for (let key = 0; key < 1000; key += 1) last.of(String(key), 'b', parse('b'));
    assert.notEqual(last.of('ann', 'a', parse('a')), first);
  });
});
