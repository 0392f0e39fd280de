import { argon2, createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import path from 'node:path';
import { promisify } from 'node:util';
import { RedisStore } from 'connect-redis';
import express, { type Request, type RequestHandler, type Response } from 'express';
import session from 'express-session';
import { createClient } from 'redis';
import { oneTimeCode } from '../../test/support/one-time-code.ts';
import { PASSWORD } from '../../test/support/somebody.ts';
import { openTwin, type PageRow } from './database.ts';
import { WORDS } from './words.ts';

declare module 'express-session' {
  interface SessionData {
    csrf?: string;
    pending?: string;
    account?: string;
    signIn?: string;
  }
}

/**
 * The portal's twin: the same stack, doing the same work with nothing around it. A page reads its session and, if signed in,
 * one joined statement; a POST is one durable transaction that counts the attempt, spends the code and writes the audit entry;
 * both steps renew the session id. Reads PORT, REDIS_URL, TWIN_DIR (an empty folder) and PEOPLE.
 */
const derive = promisify(argon2);
const nonce = randomBytes(16);
const hash = (password: string, salt: Buffer): Promise<Buffer> =>
  derive('argon2id', {
    message: password,
    nonce: salt,
    parallelism: 1,
    tagLength: 32,
    memory: 19_456,
    passes: 2,
  });
const db = openTwin(process.env['TWIN_DIR'] ?? '', Number(process.env['PEOPLE']), {
  hash: await hash(PASSWORD, nonce),
  nonce,
});
const client = createClient({ url: process.env['REDIS_URL'] ?? '' });
await client.connect();

const HEADERS = {
  'Content-Security-Policy': "default-src 'none';style-src 'self';form-action 'self'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};
const date = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });

const app = express();
app.set('view engine', 'ejs');
app.set('views', path.join(import.meta.dirname, 'views'));
app.enable('view cache');
app.disable('etag');
app.use((_request, response, next) => {
  response.set(HEADERS);
  next();
});
app.use(
  session({
    store: new RedisStore({ client, prefix: 'twin:' }),
    secret: 'a secret of the bench alone',
    resave: false,
    saveUninitialized: false,
    cookie: { httpOnly: true, sameSite: 'lax', maxAge: 86_400_000 },
  }),
);
app.use(express.urlencoded({ extended: false }));
app.use((request, response, next) => {
  const isOwn = request.method !== 'POST' || request.body.csrf === request.session.csrf;
  if (isOwn) next();
  else response.sendStatus(403);
});

app.get('/sign-in', (request, response) => show(request, response, 'sign-in', { code: false }));
app.post('/sign-in', async (request, response) => {
  const account = db.accountBy.get(request.body.email);
  if (!account) return response.sendStatus(401);
  const subject = subjectOf('password', account.id);
  db.transaction(() => db.count.get(subject));
  const given = await hash(request.body.password, account.nonce);
  if (!timingSafeEqual(given, account.hash)) return response.sendStatus(401);
  db.transaction(() => {
    db.reset.run(subject);
    db.record('password', account.id, request.ip ?? '');
  });
  await renew(request);
  request.session.pending = account.id;
  return response.redirect(303, '/sign-in/code');
});
app.get('/sign-in/code', (request, response) => {
  if (request.session.pending === undefined) response.redirect(303, '/sign-in');
  else show(request, response, 'sign-in', { code: true });
});
app.post('/sign-in/code', async (request, response) => {
  const { pending } = request.session;
  if (pending === undefined) return response.sendStatus(401);
  const signInId = randomUUID();
  const isRight = db.transaction(() => acceptCode(pending, request, signInId));
  if (!isRight) return response.sendStatus(401);
  await renew(request);
  request.session.account = pending;
  request.session.signIn = signInId;
  return response.redirect(303, '/');
});

/** One commit for the count, the check, the spent step, the sign-in and the audit entry. */
function acceptCode(accountId: string, request: Request, signInId: string): boolean {
  const subject = subjectOf('second', accountId);
  db.count.get(subject);
  const authenticator = db.authenticatorOf.get(accountId);
  if (!authenticator) return false;
  const now = Date.now();
  const current = Math.floor(now / 30_000);
  const step = [current, current - 1, current + 1].find(
    (one) => oneTimeCode(authenticator.secret, 'sha1', 6, one) === request.body.code,
  );
  if (step === undefined || db.spend.run(step, now, authenticator.id, step).changes !== 1) return false;
  db.reset.run(subject);
  db.signIn.run(signInId, accountId, now, now, request.ip, request.get('user-agent') ?? '');
  db.record('signed in', accountId, request.ip ?? '');
  return true;
}

const page = (isHome: boolean): RequestHandler => {
  return (request, response) => {
    const rows: PageRow[] = db.page.all(request.session.account ?? '');
    const [first] = rows;
    if (!first || first.disabled !== null) return response.redirect(303, '/sign-in');
    show(request, response, 'account', { rows, home: isHome });
  };
};
app.get('/', page(true));
app.get('/profile/two-factor', page(false));
app.listen(Number(process.env['PORT']), '127.0.0.1');

function show(request: Request, response: Response, view: string, model: object): void {
  request.session.csrf ??= randomBytes(16).toString('base64url');
  const t = (key: string) => WORDS.get(key) ?? key;
  response.render(view, { t, csrf: request.session.csrf, site: 'Help Center', date, ...model });
}

function renew(request: Request): Promise<void> {
  return new Promise((resolve, reject) => {
    request.session.regenerate((error: unknown) => {
      request.session.csrf = randomBytes(16).toString('base64url');
      if (error) reject(error);
      else resolve();
    });
  });
}

function subjectOf(kind: string, accountId: string): Buffer {
  return createHash('sha256').update(`${kind}:${accountId}`).digest();
}
