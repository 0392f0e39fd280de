import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { pino } from 'pino';
import type { Checked } from '../../src/apps/app-sign-ins.ts';
import { type AnsweredCheck, checksBefore } from '../../src/guard/checks.ts';
import { Guard } from '../../src/guard/guard.ts';
import { loadWords } from '../../src/kernel/i18n.ts';
import { GuardClient } from '../support/guard-client.ts';

const HEADERS = {
  ...{ 'X-Forwarded-Method': 'GET', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Uri': '/' },
  'X-Forwarded-Host': 'wiki.example.org',
};
const UNKNOWN: Checked = { kind: 'unknown host' };

describe('In front of the site, the checks of apps', () => {
  let client: GuardClient;
  let guard: Guard;
  let check: () => Promise<Checked>;
  let answered: AnsweredCheck[];
  const site: RequestListener = (request, response) => {
    response.writeHead(404).end(`the site: ${request.url}`);
  };

  beforeEach(async () => {
    check = async () => UNKNOWN;
    answered = [];
    guard = new Guard({
      site: {
        baseUrl: 'https://account.example.org',
        guard: { proxies: ['127.0.0.1'], token: undefined },
      },
      appSignIns: { check: () => check() },
      handOvers: { redeem: async () => UNKNOWN },
      ...{ words: loadWords(), logger: pino({ level: 'silent' }), clock: Date.now },
    });
    client = await GuardClient.open(checksBefore(site, guard, (one) => answered.push(one)));
  });
  afterEach(() => client.close());

  it('are two paths, for GET and HEAD; every other request is the site’s', async () => {
    for (const path of ['/guard/auth-request', '/guard/forward-auth', '/guard/forward-auth?a=b']) {
      for (const method of ['GET', 'HEAD']) {
        assert.equal((await client.ask(path, HEADERS, method)).status, 403, `${method} ${path}`);
      }
    }
    for (const [method, path] of [
      ['POST', '/guard/forward-auth'],
      ['OPTIONS', '/guard/auth-request'],
      ['GET', '/guard/forward-auth/'],
      ['GET', '/guard/Forward-Auth'],
      ['GET', '/guard/forward%2Dauth'],
      ['GET', '//guard/forward-auth'],
      ['GET', '/?/guard/forward-auth'],
      ['GET', '/sign-in'],
    ] as const) {
      const { status, text } = await client.ask(path, HEADERS, method);
      assert.deepEqual([status, text], [404, `the site: ${path}`]);
    }
  });

  it('are understood with an address in absolute form, as every server has to (RFC 9112 §3.2.2)', async () => {
    for (const [origin, status] of [
      ['http://127.0.0.1:3000', 403],
      ['https://account.example.org', 403],
      ['http://127.0.0.1:3000/page?', 404],
    ] as const) {
      assert.equal((await client.ask(`${origin}/guard/forward-auth`, HEADERS)).status, status);
    }
  });

  it('are reported with path and status, without the query', async () => {
    await client.ask('/guard/forward-auth?secret', HEADERS);
    const [{ requestId, milliseconds, ...rest } = assert.fail('nothing is reported')] = answered;
    assert.deepEqual(rest, { method: 'GET', path: '/guard/forward-auth', status: 403 });
    assert.match(requestId, /^[\da-f-]{36}$/);
    assert.ok(milliseconds > 0);
    await client.ask('/sign-in');
    assert.equal(answered.length, 1);
  });

  it('are answered with 503 if they fail, and with a closed connection if that fails, too', async () => {
    check = () => Promise.reject(new Error('the database is away'));
    assert.equal((await client.ask('/guard/forward-auth', HEADERS)).status, 503);
    guard.failed = () => {
      throw new Error('so are the texts');
    };
    await assert.rejects(client.ask('/guard/forward-auth', HEADERS), { code: 'ECONNRESET' });
    check = async () => UNKNOWN;
    assert.equal((await client.ask('/guard/forward-auth', HEADERS)).status, 403);
  });
});
