import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import express, { type Request, type Response } from 'express';
import { oneTimeCode } from '../../test/support/one-time-code.ts';
import { PASSWORD, somebody } from '../../test/support/somebody.ts';
import { bareApp } from './app.ts';

declare module 'express-session' {
  interface SessionData {
    csrf?: string;
    pending?: string;
    user?: string;
  }
}

interface User {
  readonly key: Buffer;
  lastStep: number;
}

/**
 * The least that a sign-in of this stack can cost: argon2id as OWASP has it, a TOTP code that counts once, a CSRF token,
 * a new session at either step; people are kept in memory, all with one password.
 */
const derive = promisify(argon2);
const nonce = randomBytes(16);
const hash = (password: string): Promise<Buffer> =>
  derive('argon2id', { message: password, nonce, parallelism: 1, tagLength: 32, memory: 19_456, passes: 2 });
const stored = await hash(PASSWORD);
const people = new Map<string, User>();
for (let number = 0; number < Number(process.env['PEOPLE']); number += 1) {
  const { email, key } = somebody(number);
  people.set(email, { key, lastStep: 0 });
}

const app = await bareApp('floor-sign-in:');
app.use(express.urlencoded({ extended: false }));
app.get('/', showForm);
app.use((request, response, next) => {
  const isOwn = request.method !== 'POST' || request.body.csrf === request.session.csrf;
  if (isOwn) next();
  else response.sendStatus(403);
});
app.post('/password', async (request, response) => {
  const { email, password } = request.body;
  const isRight = people.has(email) && timingSafeEqual(await hash(password), stored);
  if (!isRight) return response.sendStatus(401);
  await renew(request);
  request.session.pending = email;
  return showForm(request, response);
});
app.post('/code', async (request, response) => {
  const email = request.session.pending ?? '';
  const user = people.get(email);
  const step = user && stepOf(user, request.body.code);
  if (!user || step === undefined || step <= user.lastStep) return response.sendStatus(401);
  user.lastStep = step;
  await renew(request);
  request.session.user = email;
  return response.redirect(303, '/me');
});
app.get('/me', (request, response) => {
  const { user } = request.session;
  if (user === undefined) response.sendStatus(401);
  else response.render('page', { name: user });
});
app.listen(Number(process.env['PORT']), '127.0.0.1');

function showForm(request: Request, response: Response): void {
  request.session.csrf ??= randomBytes(16).toString('base64url');
  response.render('page', { name: request.session.csrf });
}

function renew(request: Request): Promise<void> {
  return new Promise((resolve, reject) => {
    request.session.regenerate((error: unknown) => (error ? reject(error) : resolve()));
  });
}

function stepOf({ key }: User, code: string): number | undefined {
  const now = Math.floor(Date.now() / 30_000);
  return [now, now - 1, now + 1].find((step) => oneTimeCode(key, 'sha1', 6, step) === code);
}
