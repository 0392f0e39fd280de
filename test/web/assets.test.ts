import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import request, { type Response } from 'supertest';
import { loadAssets } from '../../src/web/assets.ts';

const STYLE = 'body { color: teal; }\n'.repeat(50);

describe('assets', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'assets-'));
    writeFileSync(join(folder, 'style.css'), STYLE);
    writeFileSync(join(folder, 'enhance.js'), '1;');
    writeFileSync(join(folder, 'favicon.svg'), '<svg/>');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function site() {
    const assets = loadAssets(folder);
    const app = express();
    app.use(assets.middleware);
    app.use((_request, response) => {
      response.status(418).send('the site');
    });
    return { url: assets.url, agent: request(app) };
  }

  it('gives a file a URL with the hash of its content', async () => {
    const before = site();
    assert.match(before.url('style.css'), /^\/assets\/style\.[0-9a-f]{16}\.css$/);
    assert.equal(site().url('style.css'), before.url('style.css'));
    writeFileSync(join(folder, 'style.css'), 'body { color: red; }');
    const after = site();
    assert.notEqual(after.url('style.css'), before.url('style.css'));
    await after.agent.get(after.url('style.css')).expect(200, 'body { color: red; }');
  });

  it('lets browsers and proxies cache a file for good', async () => {
    const { agent, url } = site();
    const response = await agent.get(url('style.css')).expect(200, STYLE);
    assert.equal(response.headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal(response.headers['vary'], 'Accept-Encoding');
    assert.equal(response.headers['set-cookie'], undefined);
  });

  it('declares the type of each file', async () => {
    const { agent, url } = site();
    for (const [name, type] of [
      ['style.css', 'text/css; charset=utf-8'],
      ['enhance.js', 'text/javascript; charset=utf-8'],
      ['favicon.svg', 'image/svg+xml; charset=utf-8'],
    ] as const) {
      const response = await agent.get(url(name)).expect(200);
      assert.equal(response.headers['content-type'], type);
    }
  });

  const negotiations: [string, string | undefined][] = [
    ['gzip, deflate, br', 'br'],
    ['*', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0, gzip;q=0.5', 'gzip'],
    ['identity', undefined],
    ['', undefined],
  ];
  for (const [accepted, encoding] of negotiations) {
    it(`responds to "Accept-Encoding: ${accepted}" with ${encoding ?? 'the file as it is'}`, async () => {
      const { agent, url } = site();
      const response = await agent
        .get(url('style.css'))
        .set('Accept-Encoding', accepted)
        .buffer()
        .parse(bytes);
      assert.equal(response.status, 200);
      assert.equal(response.headers['content-encoding'], encoding);
      const length = Number(response.headers['content-length']);
      assert.ok(encoding ? length < STYLE.length / 4 : length === STYLE.length, `${length} bytes`);
    });
  }

  it('decompresses to the same bytes', async () => {
    const { agent, url } = site();
    for (const encoding of ['br', 'gzip']) {
      const response = await agent.get(url('style.css')).set('Accept-Encoding', encoding).expect(200);
      assert.equal(response.headers['content-encoding'], encoding);
      assert.equal(response.text, STYLE);
    }
  });

  it('does not compress what would become larger', async () => {
    const { agent, url } = site();
    const response = await agent.get(url('enhance.js')).set('Accept-Encoding', 'br, gzip').expect(200, '1;');
    assert.equal(response.headers['content-encoding'], undefined);
  });

  it('has a validator for each encoding, and responds with 304 while it is valid', async () => {
    const { agent, url } = site();
    const plain = await agent.get(url('style.css')).set('Accept-Encoding', 'identity').expect(200);
    const brotli = await agent.get(url('style.css')).set('Accept-Encoding', 'br').expect(200);
    const [plainTag, brotliTag] = [plain.headers['etag'] ?? '', brotli.headers['etag'] ?? ''];
    assert.match(plainTag, /^"[^"]+"$/);
    assert.notEqual(plainTag, brotliTag);
    const repeat = () => agent.get(url('style.css')).set('Accept-Encoding', 'br');
    await repeat().set('If-None-Match', brotliTag).expect(304, '');
    await repeat().set('If-None-Match', plainTag).expect(200);
  });

  it('responds to HEAD like to GET, without the body', async () => {
    const { agent, url } = site();
    const got = await agent.get(url('style.css')).set('Accept-Encoding', 'br').expect(200);
    const head = await agent.head(url('style.css')).set('Accept-Encoding', 'br').expect(200);
    assert.equal(head.text, undefined);
    for (const header of ['content-type', 'content-length', 'content-encoding', 'cache-control', 'etag']) {
      assert.ok(got.headers[header], header);
      assert.equal(head.headers[header], got.headers[header], header);
    }
  });

  it('refuses to change anything', async () => {
    const { agent, url } = site();
    const response = await agent.post(url('style.css')).expect(405);
    assert.equal(response.headers['allow'], 'GET, HEAD');
  });

  it('does not know other hashes, plain names or paths out of the folder, and forbids caching that response', async () => {
    const { agent } = site();
    for (const path of [
      '/assets/style.0123456789abcdef.css',
      '/assets/style.css',
      '/assets/../package.json',
      '/assets/%2e%2e%2fpackage.json',
      '/assets/',
    ]) {
      const response = await agent.get(path);
      assert.notEqual(response.status, 200, path);
      if (response.status === 404) assert.equal(response.headers['cache-control'], 'no-store', path);
    }
    await agent.get('/assets/style.0123456789abcdef.css').expect(404);
  });

  it('passes every other path on to the site', async () => {
    const { agent } = site();
    await agent.get('/style.css').expect(418, 'the site');
    await agent.get('/assets').expect(418, 'the site');
  });

  it('fails at once for a missing name and for a file of an unknown type', () => {
    assert.throws(() => loadAssets(folder).url('other.css'), /no asset "other\.css"/);
    writeFileSync(join(folder, 'notes.xyz'), '');
    assert.throws(() => loadAssets(folder), /"notes\.xyz"/);
  });
});

/** Keeps the body as it came: superagent would decompress it. */
function bytes(response: Response, done: (error: Error | null, body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('end', () => done(null, Buffer.concat(chunks)));
}
