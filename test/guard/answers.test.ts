import assert from 'node:assert/strict';
import { headerValue } from '../../src/guard/answers.ts';

describe('The value of a Remote-* header', () => {
  it('has the bytes of UTF-8, one character each', () => {
    assert.equal(headerValue('Ann'), 'Ann');
    assert.deepEqual(Buffer.from(headerValue('Zoë 日本'), 'latin1'), Buffer.from('Zoë 日本', 'utf8'));
  });

  it('has no control characters and no white space at its ends', () => {
    assert.equal(headerValue('a\r\nRemote-User: root\0'), 'a  Remote-User: root');
    assert.equal(headerValue('\u0085a\u007f\t'), 'a');
    assert.equal(headerValue('\ud800'), Buffer.from('\ufffd', 'utf8').toString('latin1'));
    assert.equal(headerValue(''), '');
  });
});
