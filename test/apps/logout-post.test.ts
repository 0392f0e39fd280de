import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { logoutPostBy } from '../../src/apps/logout-post.ts';

describe('The POST of a logout token', () => {
  let server: Server;
  let uri: string;
  let answer: RequestListener;
  const seen: {
    readonly method: string;
    readonly url: string;
    readonly type: string;
    readonly body: string;
  }[] = [];

  before('an app', async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        seen.push({
          method,
          url,
          type: headers['content-type'] ?? '',
          body: Buffer.concat(chunks).toString(),
        });
        answer(request, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/logout?a=1`;
  });
  beforeEach(() => void seen.splice(0));
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const post = (to = uri, signal = new AbortController().signal) => logoutPostBy(fetch)(to, 'a.b.c', signal);
  const answers = (status: number, body?: string, headers: Readonly<Record<string, string>> = {}) => {
    answer = (_request, response) => void response.writeHead(status, headers).end(body);
  };

  it('sends the token as a form, and counts 200 and 204 as told', async () => {
    for (const status of [200, 204]) {
      answers(status);
      assert.deepEqual(await post(), { kind: 'told' });
    }
    const form = 'application/x-www-form-urlencoded;charset=UTF-8';
    assert.deepEqual(seen[0], { method: 'POST', url: '/logout?a=1', type: form, body: 'logout_token=a.b.c' });
  });

  it('takes 400 as a refusal, with the reason that the app gives', async () => {
    const reasons: readonly [string, string][] = [
      ['', '400'],
      ['<p>Bad Request</p>', '400'],
      ['{"error":"invalid_request"}', '400 invalid_request'],
      [
        '{"error":"invalid_request","error_description":"iss\\n\u202emismatch"}',
        '400 invalid_request: iss  mismatch',
      ],
      [`{"error":"${'x'.repeat(900)}"}`, `400 ${'x'.repeat(200)}`],
      [`{"error":"${'x'.repeat(9000)}"}`, '400'],
      ['{"error":["a"]}', '400'],
    ];
    for (const [body, fault] of reasons) {
      answers(400, body);
      assert.deepEqual(await post(), { kind: 'refused', fault });
    }
  });

  it('tries again after any other answer, and lets others wait if the app is away', async () => {
    for (const status of [201, 202, 401, 403, 404, 405, 413, 500, 501]) {
      answers(status);
      assert.deepEqual(await post(), { kind: 'failed', fault: String(status) });
    }
    for (const status of [429, 502, 503, 504]) {
      answers(status);
      assert.deepEqual(await post(), { kind: 'away', fault: String(status) });
    }
  });

  it('follows no redirect', async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      seen.splice(0);
      answers(status, '', { Location: '/elsewhere' });
      assert.deepEqual(await post(), { kind: 'failed', fault: String(status) });
      assert.deepEqual(
        seen.map(({ url }) => url),
        ['/logout?a=1'],
      );
    }
  });

  it('reads no body: a status is enough, however much comes after it', async () => {
    let written = 0;
    answer = (_request, response) => {
      response.writeHead(200);
      const more = () => {
        written += 1;
        if (!response.destroyed && written < 100_000)
          response.write('x'.repeat(1024), () => setImmediate(more));
      };
      more();
    };
    assert.deepEqual(await post(), { kind: 'told' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.ok(written < 100_000);
  });

  it('reads the beginning of an endless refusal only', async () => {
    answer = (_request, response) => {
      response.writeHead(400);
      const more = () => {
        if (!response.destroyed) response.write(' '.repeat(1024), () => setImmediate(more));
      };
      more();
    };
    assert.deepEqual(await post(), { kind: 'refused', fault: '400' });
  });

  it('says why there was no answer', async () => {
    assert.deepEqual(await post('http://127.0.0.1:1/'), { kind: 'away', fault: 'bad port' });
    answer = (request) => request.socket.destroy();
    const { kind } = await post();
    assert.equal(kind, 'away');
  });

  it('gives up on a silent app when its signal says so', async () => {
    const patience = new AbortController();
    const asked = Promise.withResolvers<void>();
    answer = () => asked.resolve();
    const result = post(uri, patience.signal);
    await asked.promise;
    patience.abort();
    assert.deepEqual(await result, { kind: 'away', fault: 'AbortError' });
  });

  it('goes to no address that nobody could have registered', async () => {
    for (const other of ['http://example.org/out', 'ftp://127.0.0.1/', 'http://169.254.169.254/', '']) {
      assert.deepEqual(await post(other), { kind: 'failed', fault: 'address not allowed' });
    }
  });
});
