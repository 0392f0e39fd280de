import assert from 'node:assert/strict';
import { cookieNamed } from '../../src/web/cookies.ts';
import {
  CHECKS,
  codeFor,
  newSignIn,
  newUserOf,
  onGuardedApps,
  PORTAL_URL,
  startsAt,
  WIKI_URL,
} from '../support/guarded-apps.ts';

/**
 * White space that a browser leaves in a cookie's name, as the bytes that arrive: a name that begins with it is not held to the
 * rules of `__Host-` (Cookie Chaos, PortSwigger 2025).
 */
const LEFT_BY_BROWSERS = ['\xa0', '\x85', '\xc2\xa0', '\xe2\x80\x80', '\xe2\x80\xa8', '\xef\xbb\xbf'];

onGuardedApps('A sibling domain that sets cookies for the host of an app', (apps) => {
  it('signs nobody in as the attacker: a name that begins with white space is another name', async () => {
    const mallory = await newUserOf(apps(), apps().wiki);
    const own = mallory.cookies.header ?? '';
    for (const ask of CHECKS) {
      const check = (Cookie: string) => apps().client[ask](`${WIKI_URL}/`, { Cookie });
      assert.equal((await check(`a=b; ${own}`)).status, 200, 'the cookie itself');
      for (const space of LEFT_BY_BROWSERS) {
        const { status } = await check(`a=b; ${space}${own}`);
        assert.ok(status === 303 || status === 401, `${JSON.stringify(space)}: ${status}`);
      }
    }
  });

  it('brings in no nonce of a sign-in that the attacker began', async () => {
    const account = await apps().portal.account('mallory@example.org');
    const signInId = await newSignIn(apps().portal, account);
    for (const space of LEFT_BY_BROWSERS) {
      const { cookies, nonceHash } = await startsAt(apps(), apps().wiki);
      const code = await codeFor(apps(), { account, signInId, app: apps().wiki, nonceHash });
      const finish = `${WIKI_URL}/.postern/finish?code=${code}`;
      const answer = await apps().client.passedOn(finish, { Cookie: `${space}${cookies.header}` });
      assert.equal(answer.headers.location, `${PORTAL_URL}/apps/again?host=wiki.example.org`);
      assert.deepEqual(answer.cookieLines, []);
    }
  });

  it('replaces no cookie of the portal: the exact name is read, with spaces and tabs around it', () => {
    for (const header of ['one=1; two=2', 'one=1;\ttwo=2 ; three=3', 'two=2; two=3', ' two=2']) {
      assert.equal(cookieNamed('two', header), '2', header);
    }
    for (const header of [
      undefined,
      '',
      'two',
      'Two=2',
      ...LEFT_BY_BROWSERS.map((space) => `${space}two=2`),
    ]) {
      assert.equal(cookieNamed('two', header), undefined, header);
    }
  });
});
