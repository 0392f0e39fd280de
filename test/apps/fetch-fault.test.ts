import assert from 'node:assert/strict';
import { faultOf, reasonOf } from '../../src/apps/fetch-fault.ts';

describe('Why a fetch got no answer', () => {
  const failed = (cause: unknown) => new TypeError('fetch failed', { cause });

  it('is the code of the cause, its message, or the name of the error', () => {
    assert.equal(faultOf(failed(Object.assign(new Error('x'), { code: 'ENOTFOUND' }))), 'ENOTFOUND');
    assert.equal(faultOf(failed(new Error('bad port'))), 'bad port');
    assert.equal(faultOf(AbortSignal.abort(new DOMException('x', 'TimeoutError')).reason), 'TimeoutError');
    assert.equal(faultOf(failed('a text')), 'TypeError');
    assert.equal(faultOf('a text'), 'Error');
  });

  for (const [fault, reason] of [
    ['ENOTFOUND', 'not-found'],
    ['EAI_AGAIN', 'not-found'],
    ['ECONNREFUSED', 'refused'],
    ['EHOSTUNREACH', 'unreachable'],
    ['ECONNRESET', 'unreachable'],
    ['TimeoutError', 'timeout'],
    ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate'],
    ['CERT_HAS_EXPIRED', 'certificate'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate'],
    ['bad port', undefined],
    ['EACCES', undefined],
  ] as const) {
    it(`is ${reason ?? 'shown as it is'} for ${fault}`, () => assert.equal(reasonOf(fault), reason));
  }
});
