import { Agent, type IncomingMessage } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import request from 'supertest';
import type { Fields } from './controls.ts';
import type { Answer } from './page.ts';

/** An Express app, or a server. */
export type App = Parameters<typeof request>[0];

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as a form; undefined for a request without a body. */
  readonly fields?: Fields | undefined;
  /** The address of this machine for the connection; undefined: any. */
  readonly from?: string | undefined;
}

/** Sends one request and returns the raw response: redirects are not followed, no status is an error. */
export async function send(app: App, { method, path, headers, fields, from }: Sent): Promise<Answer> {
  const test = new request.Test(app, method, path)
    .redirects(0)
    .buffer(true)
    .parse(wholeBody)
    .set({ ...headers });
  if (from !== undefined) test.agent(agentAt(from, test.url));
  if (fields) test.type(headers['Content-Type'] ?? 'form').send(encoded(fields));
  const { status, headers: received, body } = await test;
  const cookies: string[] = [received['set-cookie'] ?? []].flat();
  return {
    method,
    path,
    status,
    headers: { ...received, ...(cookies.length > 0 && { 'set-cookie': cookies.join(', ') }) },
    setCookies: new Map(cookies.map(parseCookie)),
    body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
  };
}

function agentAt(localAddress: string, url: string): Agent {
  return url.startsWith('https:') ? new SecureAgent({ localAddress }) : new Agent({ localAddress });
}

/** Encoded like a form, with repeated names one after the other. */
export function encoded(fields: Fields): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of [value].flat()) form.append(name, one);
  }
  return form.toString();
}

/** Keeps the bytes: pictures are read, too. */
function wholeBody(response: unknown, done: (error: Error | null, body: Buffer) => void): void {
  const stream = response as IncomingMessage;
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(Buffer.from(chunk)));
  stream.on('end', () => done(null, Buffer.concat(chunks)));
}

/** The name and value of a `Set-Cookie`; "" if it deletes the cookie. */
function parseCookie(header: string): [name: string, value: string] {
  const [pair = '', ...attributes] = header.split(';').map((part) => part.trim());
  const [name = '', ...value] = pair.split('=');
  const lifetime = new Map(
    attributes.map((attribute) => attribute.toLowerCase().split('=') as [string, string]),
  );
  const maxAge = lifetime.get('max-age');
  const expires = lifetime.get('expires');
  const isOver =
    maxAge !== undefined ? Number(maxAge) <= 0 : expires !== undefined && Date.parse(expires) <= Date.now();
  return [name, isOver ? '' : value.join('=')];
}
