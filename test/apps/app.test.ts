import assert from 'node:assert/strict';
import { cookieHostOf, hostOf, parseAppOrigin } from '../../src/apps/app.ts';

describe('The address of an app', () => {
  const right: readonly (readonly [string, string])[] = [
    ['https://wiki.example.org', 'https://wiki.example.org'],
    ['https://wiki.example.org/', 'https://wiki.example.org'],
    [' HTTPS://Wiki.Example.ORG ', 'https://wiki.example.org'],
    ['https://wiki.example.org:443', 'https://wiki.example.org'],
    ['https://wiki.example.org:8443', 'https://wiki.example.org:8443'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['https://192.0.2.7:8443', 'https://192.0.2.7:8443'],
    ['https://[2001:DB8::7]', 'https://[2001:db8::7]'],
    ['https://intranet', 'https://intranet'],
    ['http://localhost:8080', 'http://localhost:8080'],
    ['http://wiki.localhost', 'http://wiki.localhost'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
  ];
  for (const [typed, origin] of right) {
    it(`is ${origin} for the input "${typed}"`, () => assert.equal(parseAppOrigin(typed), origin));
  }

  const wrong = [
    ...[
      '',
      'wiki.example.org',
      '//wiki.example.org',
      'https://',
      'https:wiki.example.org',
      'ftp://wiki.example.org',
    ],
    ...['http://wiki.example.org', 'http://127.0.0.1.example.org', 'http://localhost.example.org'],
    ...['https://wiki.example.org/path', 'https://wiki.example.org?query', 'https://wiki.example.org/#part'],
    ...[
      'https://user@wiki.example.org',
      'https://user:word@wiki.example.org',
      'https://wiki.example.org\\@evil.example',
    ],
    ...[
      'https://wiki.example.org.',
      'https://wiki..example.org',
      'https://*.example.org',
      'https://-wiki.example.org',
    ],
    ...[
      'https://wiki.example.org:99999',
      'https://wiki.exa mple.org',
      'https://wiki.example.org\nhttps://evil.example',
    ],
    ...[
      'https://wiki,evil.example',
      'https://wiki;evil.example',
      `https://${'a.'.repeat(127)}example`,
      'javascript:alert(1)',
    ],
  ];
  for (const typed of wrong) {
    it(`is refused for the input ${JSON.stringify(typed).slice(0, 60)}`, () =>
      assert.equal(parseAppOrigin(typed), undefined));
  }

  it('has the host of a Host header', () => {
    assert.equal(hostOf('https://wiki.example.org'), 'wiki.example.org');
    assert.equal(hostOf('https://wiki.example.org:8443'), 'wiki.example.org:8443');
  });

  it('shares its cookies with the other ports of the host', () => {
    assert.equal(cookieHostOf('https://wiki.example.org:8443'), 'wiki.example.org');
    assert.equal(cookieHostOf('http://localhost:8080'), 'localhost:8080');
  });
});
