import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import express, { type ErrorRequestHandler, type Request } from 'express';
import request from 'supertest';
import { ExpressSessions, SessionEnded } from '../../src/web/express-sessions.ts';
import { redirectTo } from '../../src/web/redirects.ts';
import { enterState, keepSession, saveSession, sessions } from '../../src/web/session.ts';
import { sendWhole } from '../../src/web/whole-answers.ts';
import { MemorySessions, sessionServices } from '../support/memory-sessions.ts';

const COOKIE = 'postern';

/** A site whose pages change their session; "wait" pages wait until the test lets them continue. */
class Site {
  readonly store = new MemorySessions();
  readonly began = Promise.withResolvers<void>();
  readonly mayGoOn = Promise.withResolvers<void>();
  readonly #app = express();

  constructor() {
    this.#app.use(sessions(sessionServices(this.store), false));
    this.#app.get('/look', async (asked, response) => {
      await keepSession(asked);
      sendWhole(response, 'as it was');
    });
    this.#app.get('/change', async (asked, response) => {
      asked.session.browser = `changed ${Math.random()}`;
      await keepSession(asked);
      sendWhole(response, 'changed');
    });
    this.#app.get('/renew', async (asked, response) => {
      await enterState(asked, { kind: 'anonymous' });
      await redirectTo(response, '/look');
    });
    this.#app.get('/end', async (asked, response) => {
      await new Promise((resolve) => asked.session.destroy(resolve));
      await redirectTo(response, '/look');
    });
    const waits = async (asked: Request) => {
      this.began.resolve();
      await this.mayGoOn.promise;
      asked.session.browser = 'changed late';
    };
    this.#app.get('/wait/saved', async (asked, response) => {
      await waits(asked);
      await saveSession(asked);
      sendWhole(response, 'stored');
    });
    this.#app.get('/wait/shown', async (asked, response) => {
      await waits(asked);
      await keepSession(asked);
      sendWhole(response, 'stored');
    });
    this.#app.get('/wait/redirected', async (asked, response) => {
      await waits(asked);
      await redirectTo(response, '/look');
    });
    this.#app.get('/wait/forgotten', async (asked, response) => {
      await waits(asked);
      response.send('a page that does not store its session itself');
    });
    const failed: ErrorRequestHandler = (error: unknown, _request, response, next) => {
      if (response.headersSent) return next();
      response.status(error instanceof SessionEnded ? 403 : 500).end();
    };
    this.#app.use(failed);
  }

  /** The response, with the session cookie that it sets: undefined if none. */
  async gets(path: string, cookie = '') {
    const answer = await request(this.#app).get(path).set('Cookie', cookie);
    const set = [answer.headers['set-cookie'] ?? []].flat().find((one) => one.startsWith(`${COOKIE}=`));
    return { status: answer.status, text: answer.text, cookie: set?.split(';')[0] };
  }
}

describe('A session of express-session', () => {
  let site: Site;
  beforeEach(() => {
    site = new Site();
  });

  const begins = async () => (await site.gets('/change')).cookie ?? '';

  it('is not stored while it is empty', async () => {
    assert.equal((await site.gets('/look')).cookie, undefined);
    assert.deepEqual(site.store.calls, []);
  });

  it('is stored once with each change, and otherwise extended once', async () => {
    const cookie = await begins();
    assert.deepEqual(site.store.calls, ['create']);
    await site.gets('/change', cookie);
    assert.deepEqual(site.store.calls, ['create', 'update']);
    await site.gets('/look', cookie);
    assert.deepEqual(site.store.calls, ['create', 'update', 'prolong']);
  });

  it('is stored once under its new id', async () => {
    const cookie = await begins();
    const renewed = await site.gets('/renew', cookie);
    assert.equal(renewed.status, 303);
    assert.notEqual(renewed.cookie, cookie);
    assert.deepEqual(site.store.calls, ['create', 'remove', 'create']);
    assert.equal(site.store.ids.length, 1);
  });

  for (const end of ['/renew', '/end']) {
    for (const [path, status] of [
      ['/wait/saved', 403],
      ['/wait/shown', 403],
      ['/wait/redirected', 303],
      ['/wait/forgotten', 200],
    ] as const) {
      it(`is not brought back by ${path}, which began before ${end}`, async () => {
        const cookie = await begins();
        const [id = ''] = site.store.ids;
        const late = site.gets(path, cookie);
        await site.began.promise;
        await site.gets(end, cookie);
        site.mayGoOn.resolve();
        const answer = await late;
        assert.equal(answer.status, status);
        assert.notEqual(answer.text, 'stored');
        assert.ok(!site.store.ids.includes(id));
        assert.notEqual(
          (await site.gets('/change', cookie)).cookie,
          undefined,
          'the old cookie opens nothing',
        );
      });
    }
  }

  it('lets a callback throw without calling it again', async () => {
    const caught = await thrownBy((callback) =>
      new ExpressSessions(new MemorySessions(), () => {}).get('unknown', callback),
    );
    assert.deepEqual(caught, ['the fault of a callback']);
  });
});

async function thrownBy(call: (callback: () => void) => unknown): Promise<readonly string[]> {
  const caught: string[] = [];
  const before = process.listeners('uncaughtException');
  process
    .removeAllListeners('uncaughtException')
    .on('uncaughtException', ({ message }) => caught.push(message));
  try {
    call(() => {
      throw new Error('the fault of a callback');
    });
    for (let waited = 0; caught.length === 0 && waited < 5000; waited += 50) await delay(50);
    // A second call would follow at once.
    await delay(100);
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
  }
  return caught;
}
