import assert from 'node:assert/strict';
import express, { type Express } from 'express';
import request from 'supertest';
import { sendPage } from '../../src/web/page-compression.ts';

const HTML = `<!doctype html><title>A page</title>${'<p>The same again.</p>'.repeat(40)}`;

describe('a page', () => {
  const site = (secret: boolean): Express =>
    express().use((asked, response) => sendPage(asked, response.type('html'), HTML, secret));

  async function encodingOf(
    path: string,
    { secret = false, method = 'get', from = 'same-origin', accepts = 'gzip, deflate, br' } = {},
  ): Promise<string | undefined> {
    const test = method === 'post' ? request(site(secret)).post(path) : request(site(secret)).get(path);
    const headers = { 'Accept-Encoding': accepts, ...(from && { 'Sec-Fetch-Site': from }) };
    const response = await test.set(headers).expect(200, HTML);
    const length = Number(response.headers['content-length']);
    const encoding: string | undefined = response.headers['content-encoding'];
    assert.ok(encoding === undefined ? length === HTML.length : length < HTML.length / 5, `${length} bytes`);
    return encoding;
  }

  it('is compressed for browsers that accept it, and uncompressed for all others', async () => {
    assert.equal(await encodingOf('/'), 'gzip');
    assert.equal(await encodingOf('/', { from: '' }), 'gzip');
    for (const accepts of ['identity', 'br', 'gzip;q=0'])
      assert.equal(await encodingOf('/', { accepts }), undefined, accepts);
  });

  it('is compressed in response to a search and to a form, too', async () => {
    assert.equal(await encodingOf('/?search=ann'), 'gzip');
    assert.equal(await encodingOf('/', { method: 'post' }), 'gzip');
  });

  it('is not compressed if another site may have chosen its content', async () => {
    for (const from of ['cross-site', 'same-site']) {
      assert.equal(await encodingOf('/?search=ann', { from }), undefined, from);
      assert.equal(await encodingOf('/', { method: 'post', from }), undefined, from);
      assert.equal(await encodingOf('/', { from }), 'gzip', `by a link ${from}`);
    }
    assert.equal(await encodingOf('/?search=ann', { from: 'none' }), 'gzip', 'typed or a bookmark');
  });

  it('is not compressed if it shows a secret beside text that somebody has chosen', async () => {
    const secret = true;
    assert.equal(await encodingOf('/?search=ann', { secret }), undefined);
    assert.equal(await encodingOf('/', { secret, method: 'post' }), undefined);
    assert.equal(await encodingOf('/', { secret }), 'gzip', 'nothing is chosen');
  });
});
