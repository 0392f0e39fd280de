import assert from 'node:assert/strict';
import { ownPath, withReturn } from '../../src/web/paths.ts';
import { initialsOf } from '../../src/web/rendering.ts';
import { describeBrowser } from '../../src/web/visit.ts';

describe('the address to go on to', () => {
  for (const own of ['/', '/profile', '/admin/audit?page=2&event=sign-out', '/a%20b']) {
    it(`may be ${own}`, () => assert.equal(ownPath(own), own));
  }

  for (const foreign of [
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/.//evil.example',
    'javascript:alert(1)',
    'profile',
    '',
    ' /profile',
    `/${'a'.repeat(1000)}`,
    ['/profile', '/profile'],
    undefined,
  ]) {
    it(`is the front page instead of ${JSON.stringify(foreign)?.slice(0, 40)}`, () =>
      assert.equal(ownPath(foreign), '/'));
  }

  it('goes along in a query', () => {
    assert.equal(withReturn('/sign-in', '/admin?a=b&c=d'), '/sign-in?return-to=%2Fadmin%3Fa%3Db%26c%3Dd');
    assert.equal(withReturn('/sign-in', '/'), '/sign-in');
  });
});

describe('the avatar', () => {
  for (const [name, initials] of [
    ['Ann Example', 'AE'],
    ['Ann Marie van Example', 'AE'],
    ['ann', 'A'],
    ['عمر خالد', 'عخ'],
    ['👩‍👩‍👧 Family', '👩‍👩‍👧F'],
    ['E\u0301va Novak', 'E\u0301N'],
    ['  ', ''],
  ] as const) {
    it(`of ${name} shows ${initials}`, () => assert.equal(initialsOf(name), initials));
  }
});

describe('the browser in a notice', () => {
  for (const [userAgent, described] of [
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox, Linux'],
    ['Lynx/2.9.2 libwww-FM/2.14 SSL-MM/1.4.1', 'Lynx'],
    ['w3m/0.5.3+git20230121', 'w3m'],
    ['Links (2.28; Linux 6.1 x86_64; GNU C)', 'Links, Linux'],
    ['', ''],
    ['<script>alert(1)</script>', 'scriptalert'],
  ] as const) {
    it(`is ${described || 'nobody knows which'} for ${userAgent.slice(0, 30)}`, () => {
      assert.equal(describeBrowser(userAgent), described);
    });
  }
});
