import assert from 'node:assert/strict';
import {
  CHECKS,
  type GuardedApps,
  newUserOf,
  onGuardedApps,
  openGuardedApps,
  WIKI_URL,
} from '../support/guarded-apps.ts';

const TOKEN = 'a-token-of-at-least-thirty-two-characters';
/** What an attacker claims to be. */
const CLAIMS = {
  'X-Forwarded-For': '10.0.0.1',
  'X-Real-IP': '10.0.0.1',
  Forwarded: 'for=10.0.0.1',
  'X-Postern-Guard': 'guess',
};

/** Nothing is allowed, and no header or cookie is set, whatever the request. */
async function refusesEverything(
  { client }: GuardedApps,
  cookie: string | undefined,
  extra = {},
): Promise<void> {
  for (const headers of [{}, CLAIMS, extra]) {
    for (const ask of CHECKS) {
      const answer = await client[ask](`${WIKI_URL}/`, { Cookie: cookie, ...headers });
      assert.equal(answer.status, 403);
      assert.equal(answer.headers['remote-user'], undefined);
      assert.equal(answer.headers.location, undefined);
    }
    for (const path of ['start/', 'finish?code=abcdefghijklmnopqrstuvwx', 'sign-out']) {
      const answer = await client.passedOn(`${WIKI_URL}/.postern/${path}`, { Cookie: cookie, ...headers });
      assert.equal(answer.status, 403);
      assert.deepEqual(answer.cookieLines, []);
    }
  }
}

describe('An attacker who sends checks to the guard directly', () => {
  it('is refused by address, whatever the headers say', async () => {
    const apps = await openGuardedApps({ GUARD_PROXIES: '10.0.0.1' });
    try {
      await refusesEverything(apps, '__Host-postern-app=abcdefghijklmnopqrstuvwx');
      assert.match(apps.portal.log(), /the caller is not in GUARD_PROXIES/);
    } finally {
      await apps.close();
    }
  });

  it('is refused without the token, or with a wrong one', async () => {
    const apps = await openGuardedApps({ GUARD_PROXIES: '', GUARD_TOKEN: TOKEN });
    try {
      await refusesEverything(apps, undefined, { 'X-Postern-Guard': [TOKEN, TOKEN] });
      const { status } = await apps.client.forwardAuth(`${WIKI_URL}/`, { 'X-Postern-Guard': TOKEN });
      assert.equal(status, 303, 'the proxy itself');
    } finally {
      await apps.close();
    }
  });

  it('is refused if neither is set, and the log says what to set', async () => {
    const apps = await openGuardedApps({ GUARD_PROXIES: '' });
    try {
      await refusesEverything(apps, undefined);
      const lines = apps.portal.log().split('\n');
      assert.equal(lines.filter((line) => line.includes('set GUARD_PROXIES or GUARD_TOKEN')).length, 1);
    } finally {
      await apps.close();
    }
  });
});

onGuardedApps('A known proxy', (apps) => {
  it('gets no session, no cookie of the portal and no page', async () => {
    const ann = await newUserOf(apps(), apps().wiki);
    for (const answer of [
      await ann.check(),
      await ann.checkByNginx(),
      await apps().client.forwardAuth(`${WIKI_URL}/`),
    ]) {
      assert.deepEqual(answer.cookieLines, []);
      assert.equal(answer.headers['content-security-policy'], undefined);
      assert.equal(answer.headers['strict-transport-security'], undefined, 'the app is another host');
      assert.equal(answer.headers['cache-control'], 'no-store, no-cache');
    }
  });
});
