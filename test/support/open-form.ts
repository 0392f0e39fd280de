import { once } from 'node:events';
import { request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Person } from './person.ts';
import type { TestPortal } from './portal.ts';

/** A form whose last bytes have not been sent yet. */
export interface OpenForm {
  /** Sends the rest; returns the status, the redirect's path and the cookies of the response. */
  readonly completes: () => Promise<{
    readonly status: number;
    readonly location: string;
    readonly cookies: readonly string[];
  }>;
}

/** Sends the form of the page at `path` up to its last bytes, and waits until the server has read them. */
export async function beginsForm(
  portal: TestPortal,
  person: Person,
  path: string,
  fields: Record<string, string>,
): Promise<OpenForm> {
  await person.visits(path);
  const _csrf = String(person.page.$('input[name=_csrf]').first().attr('value'));
  const body = new URLSearchParams({ _csrf, ...fields }).toString();
  const server = portal.app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const cookie = [...person.cookies].map((pair) => pair.join('=')).join('; ');
  const headers = {
    'Content-Type': 'application/x-www-form-urlencoded',
    'Content-Length': body.length,
    Cookie: cookie,
  };
  const open = send({ port, host: '127.0.0.1', path, method: 'POST', headers });
  open.write(body.slice(0, -2));
  // The session has been read by then, and the parser waits.
  await delay(300);
  return {
    async completes() {
      open.end(body.slice(-2));
      const [answer] = await once(open, 'response');
      answer.resume();
      server.close();
      return {
        status: answer.statusCode,
        location: new URL(answer.headers.location ?? '', 'http://localhost').pathname,
        cookies: answer.headers['set-cookie'] ?? [],
      };
    },
  };
}
