import assert from 'node:assert/strict';
import { AppProbe, type Probe } from '../../src/apps/app-probe.ts';

const PORTAL = 'https://help.example.org';
const WIKI = { origin: 'https://wiki.example.org', host: 'wiki.example.org' };
const START = `${WIKI.origin}/.postern/start`;

/** What the app's address answers at a URL: the Location, a status, or an error. */
type Answers = (url: string) => { readonly status?: number; readonly location?: string } | Error;

async function probed(answers: Answers) {
  const asked: { readonly url: string; readonly init: RequestInit | undefined }[] = [];
  const fetch: typeof globalThis.fetch = async (url, init) => {
    asked.push({ url: String(url), init });
    const answer = answers(String(url));
    if (answer instanceof Error) throw answer;
    const { status = 303, location } = answer;
    return new Response(null, { status, ...(location !== undefined && { headers: { location } }) });
  };
  return { probes: await new AppProbe({ fetch, baseUrl: PORTAL }).probe(WIKI), asked };
}

/** A proxy that is set up right; its redirect repeats host and path. */
function asDocumented(url: string, host: string = WIKI.host) {
  if (!url.startsWith(START)) return { location: `${START}/` };
  const query = new URLSearchParams({ host, nonce: 'n', path: url.slice(START.length) });
  return { location: `${PORTAL}/apps/open?${query}` };
}

const resultsOf = (probes: readonly Probe[]) => probes.map(({ name, result }) => `${name}: ${result}`);

describe('A look at an app from outside', () => {
  it('finds everything right behind a proxy that is set up as documented', async () => {
    const { probes } = await probed((url) => asDocumented(url));
    assert.deepEqual(resultsOf(probes), ['answers: yes', 'guarded: yes', 'passes: yes', 'headers: yes']);
    assert.ok(probes.every(({ detail }) => detail === undefined));
  });

  it('asks the app’s own origin alone, follows nothing, and sends no cookie and no secret', async () => {
    const { asked } = await probed(() => ({ location: 'http://169.254.169.254/latest/meta-data' }));
    assert.deepEqual(asked.map(({ url }) => url).sort(), [`${WIKI.origin}/`, `${START}/probe?x=%C3%A9`]);
    for (const { init } of asked) {
      assert.equal(init?.redirect, 'manual');
      assert.ok(init?.signal, 'it gives up after a time');
      assert.deepEqual(Object.keys(init?.headers ?? {}), ['Accept', 'User-Agent']);
    }
  });

  it('finds an app that lets everybody in', async () => {
    const { probes } = await probed(() => ({ status: 200 }));
    assert.deepEqual(resultsOf(probes), ['answers: yes', 'guarded: no', 'passes: no', 'headers: unknown']);
    assert.deepEqual(
      probes.map(({ detail }) => detail),
      [undefined, '200', '200', undefined],
    );
  });

  it('finds a proxy that leads to another portal, or one that only begins like this one', async () => {
    for (const portal of ['https://other.example.org', `${PORTAL}.evil.example`]) {
      const { probes } = await probed((url) =>
        url.startsWith(START) ? { location: `${portal}/apps/open?host=x` } : asDocumented(url),
      );
      assert.deepEqual(resultsOf(probes).slice(1), ['guarded: yes', 'passes: no', 'headers: unknown']);
    }
  });

  it('finds a proxy that changes host or path, and says what it has passed on', async () => {
    const { probes } = await probed((url) => asDocumented(url, '127.0.0.1:8080'));
    assert.deepEqual(probes[3], {
      ...{ name: 'headers', result: 'no' },
      detail: '127.0.0.1:8080/probe?x=%C3%A9',
    });
  });

  it('says why nothing answers, and leaves the rest open', async () => {
    const cause = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
    const { probes } = await probed(() => new TypeError('fetch failed', { cause }));
    assert.deepEqual(probes[0], {
      ...{ name: 'answers', result: 'no', detail: 'ECONNREFUSED', reason: 'refused' },
    });
    assert.deepEqual(resultsOf(probes).slice(1), ['guarded: unknown', 'passes: unknown', 'headers: unknown']);
  });

  it('says why the paths of the sign-in alone do not answer', async () => {
    const { probes } = await probed((url) =>
      url.startsWith(START) ? new DOMException('late', 'TimeoutError') : asDocumented(url),
    );
    assert.deepEqual(probes[2], {
      ...{ name: 'passes', result: 'no', detail: 'TimeoutError', reason: 'timeout' },
    });
  });
});
