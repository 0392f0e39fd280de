import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { type AppUser, CHECKS, newUserOf, onGuardedApps, WIKI_URL } from '../support/guarded-apps.ts';

/** Each with a cookie that opens the wiki, so that a hole shows: all of these are refused nevertheless. */
onGuardedApps('An attacker who sends odd requests to a proxy', (apps) => {
  let ann: AppUser;
  before(async () => {
    ann = await newUserOf(apps(), apps().wiki);
    assert.equal((await ann.check()).status, 200);
    assert.equal((await ann.checkByNginx()).status, 200);
  });

  it('gets no access by a malformed URI (CVE-2021-32637)', async () => {
    for (const path of [
      '',
      '*',
      'page',
      '/a b',
      '/a\tb',
      '/a#b',
      'http://wiki.example.org/',
      '\\',
      '?a',
      '#',
    ]) {
      const byHeaders = await ann.check('/', { 'X-Forwarded-Uri': path });
      assert.equal(byHeaders.status, 403, JSON.stringify(path));
      const byNginx = await ann.checkByNginx('/', { 'X-Original-URL': `${WIKI_URL}${path}` });
      assert.equal(byNginx.status, 403, JSON.stringify(path));
    }
    for (const url of [
      '',
      'wiki.example.org/',
      '//wiki.example.org/',
      'https:///',
      'https://wiki.example.org',
      'javascript:1',
    ]) {
      assert.equal((await ann.checkByNginx('/', { 'X-Original-URL': url })).status, 403, url);
    }
  });

  it('gets no access as another host: unknown, missing, malformed or given twice', async () => {
    for (const host of [
      ...[
        'other.example',
        'wiki.example.org.evil.example',
        'example.org',
        'wiki.example.org.',
        'wiki.example.org:8443',
      ],
      ...[
        'wiki.example.org@evil.example',
        'wiki.example.org, evil.example',
        'wiki.example.org%00',
        '%77iki.example.org',
      ],
      ...['', ' ', '*', 'wiki.example.org#', '_', 'wiki'],
    ]) {
      assert.equal((await ann.check('/', { 'X-Forwarded-Host': host })).status, 403, host);
      assert.equal((await ann.checkByNginx('/', { 'X-Original-URL': `https://${host}/` })).status, 403, host);
    }
    assert.equal((await ann.check('/', { 'X-Forwarded-Host': 'wiki.example.org/' })).status, 403);
    const twice = ['wiki.example.org', 'wiki.example.org'];
    assert.equal((await ann.check('/', { 'X-Forwarded-Host': twice })).status, 403);
    assert.equal((await ann.check('/', { 'X-Forwarded-Uri': ['/', '/'] })).status, 403);
    assert.equal((await ann.check('/', { 'X-Forwarded-Method': ['GET', 'GET'] })).status, 403);
    const urls = [`${WIKI_URL}/`, `${WIKI_URL}/`];
    assert.equal((await ann.checkByNginx('/', { 'X-Original-URL': urls })).status, 403);
    for (const name of ['Host', 'Uri', 'Method', 'Proto']) {
      assert.equal((await ann.check('/', { [`X-Forwarded-${name}`]: undefined })).status, 403, name);
    }
  });

  it('gains nothing by a host in capitals: it is the same app', async () => {
    assert.equal((await ann.check('/', { 'X-Forwarded-Host': 'WIKI.Example.org' })).status, 200);
  });

  it('gains nothing by X-Forwarded-* that nginx passes on unchanged (GHSA-7x63-xv5r-3p2x)', async () => {
    const stranger = {
      Cookie: undefined,
      'X-Forwarded-Uri': '/favicon.ico',
      'X-Forwarded-Host': 'open.example.org',
      'X-Forwarded-Method': 'OPTIONS',
      'X-Forwarded-Prefix': '/open',
      'X-Rewrite-URL': '/open',
    };
    const { status, headers } = await ann.checkByNginx('/secret', stranger);
    assert.deepEqual([status, headers.location], [401, `${WIKI_URL}/.postern/start/secret`]);
    assert.equal((await ann.checkByNginx('/', { 'X-Forwarded-Host': 'open.example.org' })).status, 200);
  });

  it('gains nothing by X-Original-* if X-Forwarded-* counts', async () => {
    const stranger = {
      Cookie: undefined,
      'X-Original-URL': 'https://open.example.org/',
      'X-Original-Method': 'OPTIONS',
    };
    const { status, headers } = await ann.check('/secret', stranger);
    assert.deepEqual([status, headers.location], [303, `${WIKI_URL}/.postern/start/secret`]);
  });

  it('opens no path by its spelling: path, query, fragment and prefix decide nothing (GHSA-pxq7-h93f-9jrg, GHSA-7rh7-c77v-6434, CVE-2026-40912)', async () => {
    for (const path of [
      ...[
        '/favicon.ico',
        '/robots.txt',
        '/.well-known/acme-challenge/x',
        '/ping',
        '/health',
        '/api/public',
        '/static/a.js',
      ],
      ...[
        '//secret',
        '/open/../secret',
        '/open/%2e%2e/secret',
        '/open%2fsecret',
        '/a/./b',
        '/secret;open=1',
        '/secret%23open',
      ],
      ...[
        '/secret?/open',
        '/secret?path=/open#',
        '/guard/forward-auth',
        '/healthz',
        '/.postern',
        '/.POSTERN/start/',
      ],
    ]) {
      for (const ask of CHECKS) {
        const { status, headers } = await apps().client[ask](`${WIKI_URL}${path.replace('#', '%23')}`);
        assert.ok(status === 401 || status === 303, `${path}: ${status}`);
        assert.equal(headers['remote-user'], undefined);
      }
      assert.equal((await ann.check(path.replace('#', '%23'))).status, 200, path);
    }
  });

  it('gets no access by the User-Agent of a health check (GHSA-5hvv-m4w4-gf6v)', async () => {
    for (const agent of [
      'kube-probe/1.30',
      'GoogleHC/1.0',
      'ELB-HealthChecker/2.0',
      'Prometheus/2.0',
      'Consul Health Check',
      '',
    ]) {
      for (const ask of CHECKS) {
        const { status } = await apps().client[ask](`${WIKI_URL}/healthz`, { 'User-Agent': agent });
        assert.ok(status === 401 || status === 303, `${agent}: ${status}`);
      }
    }
  });

  it('is still redirected to the sign-in with a malformed Authorization (authelia #8519)', async () => {
    for (const value of ['Basic', 'Basic !!!', 'Basic Og==', 'Bearer', 'x'.repeat(4000), '\xff', '']) {
      const headers = { Authorization: value };
      assert.equal(
        (await apps().client.authRequest(`${WIKI_URL}/`, headers)).headers.location,
        `${WIKI_URL}/.postern/start/`,
      );
      assert.equal((await apps().client.forwardAuth(`${WIKI_URL}/`, headers)).status, 303);
      assert.equal((await ann.check('/', headers)).status, 200);
    }
  });

  it('gets no access by a broken, half or doubled cookie (CVE-2026-25748)', async () => {
    const whole = ann.cookies.values.get('__Host-postern-app') ?? '';
    for (const value of [
      ...[
        '',
        '"',
        '%',
        '%00',
        '{}',
        'null',
        'undefined',
        'true',
        '0',
        "' or 1=1 --",
        'a'.repeat(7000),
        '\xff\xfe',
        '=',
      ],
      ...[
        whole.slice(1),
        whole.slice(0, -1),
        `${whole}x`,
        whole.toLowerCase(),
        `"${whole}"`,
        ` ${whole}x`,
        `${whole}%20`,
      ],
    ]) {
      for (const ask of CHECKS) {
        const { status } = await apps().client[ask](`${WIKI_URL}/`, {
          Cookie: `__Host-postern-app=${value}`,
        });
        assert.ok(status === 401 || status === 303, `${value.slice(0, 50)}: ${status}`);
      }
    }
    for (const name of ['postern-app', '__host-postern-app', '__Secure-postern-app', 'Host-postern-app']) {
      const { status } = await apps().client.forwardAuth(`${WIKI_URL}/`, { Cookie: `${name}=${whole}` });
      assert.equal(status, 303, name);
    }
  });

  it('gets no access by a preflight, which is never redirected (authelia #648)', async () => {
    const preflight = {
      ...{ Origin: 'https://evil.example', 'Access-Control-Request-Method': 'PUT', 'Sec-Fetch-Mode': 'cors' },
    };
    for (const cookie of [undefined, '__Host-postern-app=unknown-cookie-value']) {
      const headers = { ...preflight, Cookie: cookie };
      const byHeaders = await ann.check('/api', { ...headers, 'X-Forwarded-Method': 'OPTIONS' });
      const byNginx = await ann.checkByNginx('/api', { ...headers, 'X-Original-Method': 'OPTIONS' });
      for (const answer of [byHeaders, byNginx]) {
        assert.equal(answer.status, 401);
        assert.equal(answer.headers.location, undefined);
        assert.equal(answer.headers['access-control-allow-origin'], undefined);
      }
    }
  });

  it('has a WebSocket checked like any request, and never redirected', async () => {
    for (const [proto, more] of [
      ['wss', {}],
      ['ws', {}],
      ['https', { Upgrade: 'websocket', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' }],
      ['https', { 'Sec-Fetch-Mode': 'websocket' }],
    ] as const) {
      const headers = { 'X-Forwarded-Proto': proto, ...more };
      assert.equal((await ann.check('/ws', headers)).status, 200, proto);
      const stranger = await ann.check('/ws', { ...headers, Cookie: undefined });
      assert.deepEqual([stranger.status, stranger.headers.location], [401, undefined], proto);
    }
  });

  it('gets no redirect for scripts and forms of a signed-out person, which would follow it', async () => {
    for (const headers of [
      { 'X-Forwarded-Method': 'POST' },
      { 'X-Forwarded-Method': 'DELETE' },
      { 'X-Requested-With': 'XMLHttpRequest' },
      { 'Sec-Fetch-Mode': 'cors' },
      { Accept: 'application/json' },
    ]) {
      const { status, headers: answered } = await ann.check('/api', { ...headers, Cookie: undefined });
      assert.deepEqual([status, answered.location], [401, undefined], JSON.stringify(headers));
    }
  });

  it('gets no 2xx by another method: Express answers OPTIONS with 200 unless told otherwise', async () => {
    const headers = {
      ...{
        'X-Forwarded-Method': 'GET',
        'X-Forwarded-Proto': 'https',
        'X-Forwarded-Host': 'wiki.example.org',
      },
      ...{ 'X-Forwarded-Uri': '/', 'X-Original-URL': `${WIKI_URL}/`, 'X-Original-Method': 'GET' },
      Cookie: ann.cookies.header,
    };
    for (const method of ['OPTIONS', 'POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND', 'TRACE']) {
      for (const path of ['/guard/forward-auth', '/guard/auth-request', '/guard/', '/.postern/start/']) {
        assert.equal((await apps().client.ask(path, headers, method)).status, 404, `${method} ${path}`);
      }
    }
  });

  it('finds no body that Postern would wait for or parse', async () => {
    const body = 'a'.repeat(100);
    const type = 'Content-Type: application/json\r\n';
    for (const request of [
      `GET /guard/forward-auth HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${type}Content-Length: 5\r\n\r\n{"a":`,
      `POST /guard/forward-auth HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${type}Content-Length: 100\r\n\r\n${body}`,
    ]) {
      const socket = connect(apps().client.port, '127.0.0.1');
      socket.write(request);
      assert.match(await text(socket), /^HTTP\/1\.1 40[34] /);
    }
  });
});
