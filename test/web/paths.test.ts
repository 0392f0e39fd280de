import assert from 'node:assert/strict';
import { describeBrowser } from '../../src/web/context.ts';
import { safeReturnPath, withReturn } from '../../src/web/paths.ts';
import { initialsOf } from '../../src/web/rendering.ts';

describe('the return path', () => {
  for (const own of ['/', '/profile', '/admin/audit?page=2&event=sign-out', '/a%20b']) {
    it(`may be ${own}`, () => assert.equal(safeReturnPath(own), own));
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
      assert.equal(safeReturnPath(foreign), '/'));
  }

  it('is passed on in a query', () => {
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
    ['ELinks/0.13.GIT (textmode; Linux 6.1 x86_64; 80x25-2)', 'ELinks, Linux'],
    ['NetSurf/3.11 (Linux)', 'NetSurf, Linux'],
    ['Dillo/3.1.1', 'Dillo'],
    ['curl/8.14.1', 'curl'],
    ['Wget/1.25.0', 'Wget'],
    ['', ''],
    ['<script>alert(1)</script>', ''],
    ['call-0800-123456.evil.example', ''],
    ['Lynx.evil.example/2.9', ''],
    ['evil.example (X11; Linux x86_64)', 'Linux'],
    ['Mozilla/5.0 evil.example/1 x', ''],
    ['Mozilla/5.0 (evil.example; Windows NT 10.0) evil.example/9 (KHTML, like evil.example)', 'Windows'],
    ['evil.example/1 evil.example/2 Firefox/140.0', 'Firefox'],
    ['Generic', ''],
  ] as const) {
    it(`is ${described || 'nobody knows which'} for ${userAgent.slice(0, 30)}`, () => {
      assert.equal(describeBrowser(userAgent), described);
    });
  }

  it('contains nothing that a mail program turns into a link', () => {
    for (const word of ['www.evil.example', 'https://evil.example', 'ann@evil.example', 'evil.example/x']) {
      for (const userAgent of [
        word,
        `${word}/1`,
        `Mozilla/5.0 ${word}`,
        `Mozilla/5.0 (${word}) ${word}/1 `,
      ]) {
        assert.doesNotMatch(describeBrowser(userAgent), /evil/, userAgent);
      }
    }
  });
});
