import assert from 'node:assert/strict';
import type { Request } from 'express';
import { type CallerRules, knownCallers } from '../../src/guard/callers.ts';

const TOKEN = 'a-token-of-at-least-thirty-two-characters';

function isKnown(
  rules: Partial<CallerRules>,
  remoteAddress: string,
  headers: Request['headers'] = {},
): boolean {
  const request = { socket: { remoteAddress }, headers } as Request;
  return knownCallers({ proxies: [], token: undefined, ...rules })(request);
}

describe('A caller of the guard', () => {
  it('is unknown without rules, whatever its address and its headers', () => {
    assert.equal(isKnown({}, '127.0.0.1', { 'x-postern-guard': '' }), false);
    assert.equal(isKnown({}, '127.0.0.1', { 'x-postern-guard': 'undefined' }), false);
  });

  it('is known by the address of its connection, in each spelling', () => {
    const proxies = ['10.0.0.1', '192.0.2.0/24', '::1', 'fd00:1::/32', '::ffff:10.9.9.9'];
    for (const address of ['10.0.0.1', '::ffff:10.0.0.1', '192.0.2.77', '::1', 'fd00:1:2::3', '10.9.9.9']) {
      assert.equal(isKnown({ proxies }, address), true, address);
    }
    for (const address of ['10.0.0.2', '192.0.3.1', '::2', 'fd00:2::', '::ffff:10.0.0.2', '']) {
      assert.equal(isKnown({ proxies }, address), false, address);
    }
  });

  it('is not known by its own claims about its address', () => {
    const headers = { 'x-forwarded-for': '10.0.0.1', 'x-real-ip': '10.0.0.1', forwarded: 'for=10.0.0.1' };
    assert.equal(isKnown({ proxies: ['10.0.0.1'] }, '203.0.113.5', headers), false);
  });

  it('is known by the token, exactly', () => {
    assert.equal(isKnown({ token: TOKEN }, '203.0.113.5', { 'x-postern-guard': TOKEN }), true);
    for (const given of ['', TOKEN.slice(1), `${TOKEN}x`, TOKEN.toUpperCase(), `${TOKEN}, ${TOKEN}`]) {
      assert.equal(isKnown({ token: TOKEN }, '203.0.113.5', { 'x-postern-guard': given }), false, given);
    }
    assert.equal(isKnown({ token: TOKEN }, '203.0.113.5'), false);
  });

  it('is known by either, if both are set', () => {
    const rules = { proxies: ['10.0.0.1'], token: TOKEN };
    assert.equal(isKnown(rules, '10.0.0.1'), true);
    assert.equal(isKnown(rules, '203.0.113.5', { 'x-postern-guard': TOKEN }), true);
    assert.equal(isKnown(rules, '203.0.113.5'), false);
  });
});
