import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { forwardedHost, forwardedRequest, originalRequest } from '../../src/guard/app-request.ts';

const FORWARDED = {
  'x-forwarded-method': 'GET',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'wiki.example.org',
  'x-forwarded-uri': '/page?a=b',
};
const ORIGINAL = {
  'x-original-url': 'https://wiki.example.org/page?a=b',
  'x-original-method': 'GET',
};
const PAGE = { host: 'wiki.example.org', target: '/page?a=b', isNavigation: true };

function refusedHeader(headers: IncomingHttpHeaders, parse = forwardedRequest): string | undefined {
  const parsed = parse(headers);
  return parsed.ok ? undefined : parsed.header;
}

function opensPage(headers: IncomingHttpHeaders): boolean {
  const parsed = forwardedRequest({ ...FORWARDED, ...headers });
  assert.ok(parsed.ok);
  return parsed.value.isNavigation;
}

describe('The request to an app, as its proxy describes it,', () => {
  it('is read from the headers of each kind of proxy', () => {
    assert.deepEqual(forwardedRequest(FORWARDED), { ok: true, value: PAGE });
    assert.deepEqual(originalRequest(ORIGINAL), { ok: true, value: PAGE });
  });

  it('is only read from the headers of that kind: a visitor can write the others', () => {
    const evil = 'evil.example';
    assert.deepEqual(originalRequest({ ...FORWARDED, 'x-forwarded-host': evil, ...ORIGINAL }), {
      ok: true,
      value: PAGE,
    });
    assert.equal(refusedHeader(FORWARDED, originalRequest), 'X-Original-URL');
    const other = { 'x-original-url': `https://${evil}/`, 'x-rewrite-url': '/x', forwarded: `host=${evil}` };
    assert.deepEqual(forwardedRequest({ ...FORWARDED, ...other }), { ok: true, value: PAGE });
    assert.equal(refusedHeader(ORIGINAL), 'X-Forwarded-Proto');
  });

  it('is malformed if one of the headers is missing, empty or given twice', () => {
    for (const name of Object.keys(FORWARDED)) {
      for (const value of [undefined, '', `${FORWARDED[name as keyof typeof FORWARDED]}, x`]) {
        const header = refusedHeader({ ...FORWARDED, [name]: value });
        assert.equal(header?.toLowerCase(), name, `${name}: ${value}`);
      }
    }
    for (const name of Object.keys(ORIGINAL)) {
      assert.equal(refusedHeader({ ...ORIGINAL, [name]: undefined }, originalRequest)?.toLowerCase(), name);
    }
  });

  it('has its host in lower case, with its port, and nothing that is not a host', () => {
    for (const [given, host] of [
      ['Wiki.Example.ORG', 'wiki.example.org'],
      ['wiki.example.org:8443', 'wiki.example.org:8443'],
      ['[::1]:8080', '[::1]:8080'],
      ['xn--wki-0na.example', 'xn--wki-0na.example'],
    ] as const) {
      assert.deepEqual(forwardedHost({ 'x-forwarded-host': given }), { ok: true, value: host });
    }
    const wrong = [
      'a b',
      'a,b',
      'a/b',
      'user@a',
      'a?b',
      'a#b',
      'a\\b',
      'a:b',
      'a:123456',
      'wíki',
      '[::1',
      '*',
      ':80',
    ];
    for (const host of [...wrong, 'a'.repeat(254)]) {
      assert.equal(forwardedHost({ 'x-forwarded-host': host }).ok, false, host);
      assert.equal(refusedHeader({ ...FORWARDED, 'x-forwarded-host': host }), 'X-Forwarded-Host', host);
    }
  });

  it('has a target that begins with a slash, without fragment, white space or control characters', () => {
    for (const target of [
      '/',
      '/a%20b',
      '/100%',
      '//evil.example',
      '/?q=a\\b|c{d}"<>^`',
      '/%2e%2e/x',
      '/a;b=c,d',
    ]) {
      const parsed = forwardedRequest({ ...FORWARDED, 'x-forwarded-uri': target });
      assert.ok(parsed.ok && parsed.value.target === target, target);
    }
    for (const target of [
      'page',
      '*',
      'https://evil.example/',
      '/a#b',
      '/a b',
      '/a\tb',
      '/a\x7f',
      '/a\x00',
      '?a',
    ]) {
      assert.equal(refusedHeader({ ...FORWARDED, 'x-forwarded-uri': target }), 'X-Forwarded-Uri', target);
      const url = `https://wiki.example.org${target}`;
      assert.ok(refusedHeader({ ...ORIGINAL, 'x-original-url': url }, originalRequest), url);
    }
  });

  it('has other alphabets in its target encoded, so that it fits into a header', () => {
    const target = Buffer.from('/wíki?q=日').toString('latin1');
    const parsed = forwardedRequest({ ...FORWARDED, 'x-forwarded-uri': target });
    assert.ok(parsed.ok);
    assert.equal(parsed.value.target, '/w%C3%ADki?q=%E6%97%A5');
  });

  it('accepts no other scheme and no invalid method', () => {
    for (const proto of ['ftp', 'javascript', 'https,http', 'https://']) {
      assert.equal(refusedHeader({ ...FORWARDED, 'x-forwarded-proto': proto }), 'X-Forwarded-Proto', proto);
    }
    for (const method of ['get', 'GET /', 'G\x00T', '-']) {
      assert.equal(
        refusedHeader({ ...FORWARDED, 'x-forwarded-method': method }),
        'X-Forwarded-Method',
        method,
      );
    }
  });

  it('opens a page if it is a GET or HEAD that a browser makes for HTML', () => {
    const browsers: readonly (string | undefined)[] = [
      undefined,
      '*/*',
      'text/html, text/plain, text/sgml, text/css, application/xhtml+xml, */*;q=0.01',
      'text/html, text/*;q=0.5, image/*, application/*',
      'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8',
      'TEXT/HTML',
    ];
    for (const accept of browsers) assert.equal(opensPage({ accept }), true, accept);
    assert.equal(opensPage({ 'x-forwarded-method': 'HEAD' }), true);
    assert.equal(opensPage({ 'sec-fetch-mode': 'navigate', accept: '*/*' }), true);
  });

  it('opens none if it changes something, is a preflight, or comes from a script, an image or a WebSocket', () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND', 'M-SEARCH']) {
      assert.equal(opensPage({ 'x-forwarded-method': method, accept: 'text/html' }), false, method);
    }
    for (const headers of [
      { 'x-requested-with': 'XMLHttpRequest', accept: 'text/html' },
      { 'sec-fetch-mode': 'cors', accept: '*/*' },
      { 'sec-fetch-mode': 'no-cors', accept: 'image/avif,image/webp,*/*;q=0.8' },
      { 'sec-fetch-mode': 'same-origin', accept: 'text/html' },
      { 'sec-fetch-mode': 'websocket' },
      { accept: 'application/json, text/plain, */*' },
      { accept: 'image/png,image/*;q=0.8,*/*;q=0.5' },
      { 'x-forwarded-proto': 'wss' },
      { 'x-forwarded-proto': 'ws' },
      { upgrade: 'websocket' },
    ] as const) {
      assert.equal(opensPage(headers), false, JSON.stringify(headers));
    }
  });
});
