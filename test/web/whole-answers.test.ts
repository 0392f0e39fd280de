import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import express, { type Response } from 'express';
import { createApp } from '../../src/app.ts';
import { keepSession, sessions } from '../../src/web/session.ts';
import { sendWhole } from '../../src/web/whole-answers.ts';
import { MemorySessions, sessionServices } from '../support/memory-sessions.ts';
import { openPortal, type TestPortal } from '../support/portal.ts';

/** A store that extends a session when it is told to, and not before. */
class SlowSessions extends MemorySessions {
  readonly asked = Promise.withResolvers<void>();
  readonly mayWrite = Promise.withResolvers<void>();

  override async prolong(id: string): Promise<void> {
    this.asked.resolve();
    await this.mayWrite.promise;
    await super.prolong(id);
  }
}

describe('a response', () => {
  let portal: TestPortal;

  before(async () => {
    portal = await openPortal('database');
  });

  after(() => portal.close());

  it('is sent in one piece, after its session is stored', async () => {
    const sessionStore = new SlowSessions();
    const server = createServer(createApp({ ...portal.services, sessionStore }));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port }: AddressInfo = Object(server.address());
    try {
      const first = await ask(port).whole;
      const [, cookie = ''] = /^Set-Cookie: ([^;]+)/im.exec(first) ?? [];
      const second = ask(port, cookie);
      await sessionStore.asked.promise;
      // Long enough for the sent part to arrive.
      await delay(100);
      assert.equal(second.bytesSoFar(), 0);
      sessionStore.mayWrite.resolve();
      const [head = '', page = ''] = (await second.whole).split('\r\n\r\n');
      const [, length] = /^Content-Length: (\d+)/im.exec(head) ?? [];
      assert.equal(Buffer.byteLength(page), Number(length));
      assert.match(page, /<\/html>\s*$/);
    } finally {
      server.close();
    }
  });
});

describe('The response for a second click', () => {
  const ways: Record<string, (response: Response) => unknown> = {
    'if the connection of the first was closed': (response) => response.destroy(),
    'if a wrapper of `end` holds the first one back': (response) => {
      response.end = () => response;
    },
  };
  for (const [title, happens] of Object.entries(ways)) {
    it(`has the session cookie of the first one, ${title}`, async () => {
      const answered = Promise.withResolvers<{ readonly cookie: unknown; readonly body: unknown }>();
      const app = express();
      app.use((_request, response, next) => {
        happens(response);
        next();
      });
      app.use(sessions(sessionServices(), false));
      app.get('/', async (request, response) => {
        request.whenAnswered = (body) =>
          answered.resolve({ cookie: response.getHeader('Set-Cookie'), body: body?.toString() });
        request.session.browser = 'known';
        await keepSession(request);
        sendWhole(response, 'the page');
      });
      const server = app.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port }: AddressInfo = Object(server.address());
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      try {
        socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
        const { cookie, body } = await answered.promise;
        assert.match(String(cookie), /^postern=/);
        assert.equal(body, 'the page');
      } finally {
        socket.destroy();
        server.close();
      }
    });
  }
});

/** Requests the sign-in page like a client without compression. */
function ask(
  port: number,
  cookie = '',
): { readonly whole: Promise<string>; readonly bytesSoFar: () => number } {
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET /sign-in HTTP/1.0\r\nHost: localhost\r\nCookie: ${cookie}\r\n\r\n`);
  return { whole: text(socket), bytesSoFar: () => socket.bytesRead };
}
